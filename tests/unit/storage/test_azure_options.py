"""Where an Azure Blob Storage is and who we are to it, as its URL and the credentials say it."""

import pytest

from storage.azure.options import AzureOptions, StorageAccount
from storage.credentials import Credentials

KEY = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA=="
SAS = "sv=2024-11-04&ss=b&sp=rwdl&se=2030-01-01T00%3A00%3A00Z&sig=s3cr3t%2Bs%3D"
ENDPOINT = "https://acc.blob.core.windows.net"
STRING = (
    f"DefaultEndpointsProtocol=https;AccountName=acc;AccountKey={KEY};"
    "EndpointSuffix=core.windows.net"
)


def account_of(account_url: str | None = None, **given: str) -> StorageAccount:
    query = f"?account_url={account_url}" if account_url else ""
    return AzureOptions.from_url(f"azure://files{query}", Credentials(**given)).account


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "azure://files",
            AzureOptions(account=StorageAccount(url=ENDPOINT, name="acc"), container="files"),
        ),
        (
            "azure://my-files-2/a/b%20c/%E6%96%87%23?create=true",
            AzureOptions(
                account=StorageAccount(url=ENDPOINT, name="acc"),
                container="my-files-2",
                prefix="a/b c/文#/",
                create=True,
            ),
        ),
        (
            "azure://files/?create=false",
            AzureOptions(account=StorageAccount(url=ENDPOINT, name="acc"), container="files"),
        ),
    ],
)
def test_a_url(url: str, expected: AzureOptions) -> None:
    assert AzureOptions.from_url(url, Credentials(azure_account="acc")) == expected


@pytest.mark.parametrize(
    ("account_url", "endpoint", "name"),
    [
        ("https://acc.blob.core.windows.net", ENDPOINT, "acc"),
        ("https://acc.blob.core.windows.net/", ENDPOINT, "acc"),
        ("https%3A%2F%2Facc.blob.core.windows.net", ENDPOINT, "acc"),
        ("https://acc.dfs.core.windows.net", ENDPOINT, "acc"),
        (
            "https://acc.dfs.core.chinacloudapi.cn/",
            "https://acc.blob.core.chinacloudapi.cn",
            "acc",
        ),
        (
            "https://acc.z01.dfs.storage.azure.net",
            "https://acc.z01.blob.storage.azure.net",
            "acc",
        ),
        ("https://acc-ipv6.blob.core.windows.net", "https://acc-ipv6.blob.core.windows.net", "acc"),
        ("http://127.0.0.1:10000/acc", "http://127.0.0.1:10000/acc", "acc"),
        ("http://azurite:10000/acc/", "http://azurite:10000/acc", "acc"),
    ],
)
def test_the_forms_of_an_account_url(account_url: str, endpoint: str, name: str) -> None:
    assert account_of(account_url, azure_key=KEY) == StorageAccount(
        url=endpoint, name=name, key=KEY
    )


def test_a_domain_of_ones_own_needs_the_name() -> None:
    url = "https://files.example.com"
    with pytest.raises(ValueError, match="AZURE_STORAGE_ACCOUNT"):
        account_of(url, azure_key=KEY)
    found = account_of(url, azure_key=KEY, azure_account="acc")
    assert found == StorageAccount(url=url, name="acc", key=KEY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (STRING, StorageAccount(url=ENDPOINT, name="acc", key=KEY)),
        (f" {STRING}; ", StorageAccount(url=ENDPOINT, name="acc", key=KEY)),
        (
            f"AccountName=acc;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/acc;",
            StorageAccount(url="http://127.0.0.1:10000/acc", name="acc", key=KEY),
        ),
        (
            f"BlobEndpoint={ENDPOINT}/;SharedAccessSignature={SAS}",
            StorageAccount(url=ENDPOINT, name="acc", sas_token=SAS),
        ),
        (
            f"accountname=acc;ACCOUNTKEY={KEY};EndpointSuffix=core.usgovcloudapi.net",
            StorageAccount(url="https://acc.blob.core.usgovcloudapi.net", name="acc", key=KEY),
        ),
    ],
)
def test_connection_strings(given: str, expected: StorageAccount) -> None:
    assert account_of(azure_connection_string=given) == expected


def test_the_emulators_connection_string() -> None:
    found = account_of(azure_connection_string="UseDevelopmentStorage=true")
    assert (found.url, found.name) == (
        "http://127.0.0.1:10000/devstoreaccount1",
        "devstoreaccount1",
    )
    assert found.key


@pytest.mark.parametrize("token", [SAS, f"?{SAS}", f" ?{SAS}\n"])
def test_sas_tokens(token: str) -> None:
    assert account_of(ENDPOINT, azure_sas_token=token).sas_token == SAS


def test_what_says_the_same_twice_is_no_contradiction() -> None:
    found = account_of(
        "https://acc.dfs.core.windows.net",
        azure_connection_string=STRING,
        azure_account="acc",
        azure_key=KEY,
    )
    assert found == StorageAccount(url=ENDPOINT, name="acc", key=KEY)


@pytest.mark.parametrize(
    ("url", "given", "message"),
    [
        (
            "azure://files?x=1&account_url=y",
            {},
            "unknown option 'x'; known are account_url, create",
        ),
        (f"azure://files?account_url={ENDPOINT}&account_url=x", {}, "one value for account_url"),
        ("azure://files?create=yes", {}, "true or false for create"),
        ("azure://files?account_url=", {}, "one value for account_url"),
        ("azure://[files", {}, "cannot be read"),
        ("azure://files?account_url=https://[x", {}, "https://ACCOUNT"),
        ("azure://files#x", {}, "%23"),
        ("azure://Files", {}, "small letters"),
        ("azure://ab", {}, "3 to 63"),
        ("azure://a--b", {}, "single hyphens"),
        ("azure://$web", {}, "small letters"),
        ("azure:///files", {}, "must be azure://container"),
        (f"azure://acc:{KEY}@files", {}, "must be azure://container"),
        ("azure://files/a//b", {}, "prefix"),
        ("azure://files/../b", {}, "prefix"),
        ("azure://files/a%5Cb", {}, "prefix"),
        ("azure://files", {}, "AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING"),
        (f"azure://files?account_url={ENDPOINT}/files", {}, "without a container"),
        ("azure://files?account_url=acc.blob.core.windows.net", {}, "https://ACCOUNT"),
        ("azure://files?account_url=ftp://acc.blob.core.windows.net", {}, "https://ACCOUNT"),
        (f"azure://files?account_url={ENDPOINT}?{SAS}", {}, "unknown option 'ss'"),
        (f"azure://files?account_url={ENDPOINT}%3Fsig=s3cr3t", {}, "AZURE_STORAGE_SAS_TOKEN"),
        (f"azure://files?account_url=https://acc:{KEY}@x", {}, "https://ACCOUNT"),
        ("azure://files?account_url=http://127.0.0.1:1/a/b", {}, "without a container"),
        ("azure://files?account_url=http://127.0.0.1:1/acc", {}, "https only"),
        ("azure://files", {"azure_connection_string": "nothing"}, "copy it once more"),
        (
            "azure://files",
            {"azure_connection_string": STRING, "azure_key": "b3RoZXI="},
            "AZURE_STORAGE_KEY and AZURE_STORAGE_CONNECTION_STRING contradict",
        ),
        (
            "azure://files",
            {"azure_connection_string": STRING, "azure_account": "other"},
            "AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_CONNECTION_STRING contradict",
        ),
        (
            f"azure://files?account_url={ENDPOINT}",
            {"azure_account": "other"},
            "'acc' and 'other'",
        ),
        (
            "azure://files",
            {"azure_connection_string": STRING, "azure_sas_token": SAS},
            "a key .* and AZURE_STORAGE_SAS_TOKEN",
        ),
        ("azure://files", {"azure_account": "acc", "azure_key": "no key!"}, "AZURE_STORAGE_KEY"),
        ("azure://files", {"azure_account": "acc", "azure_sas_token": "sp=r"}, "no SAS token"),
        (
            "azure://files",
            {"azure_account": "acc", "azure_sas_token": f"{ENDPOINT}/files?{SAS}"},
            "follows the",
        ),
    ],
)
def test_what_is_wrong(url: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        AzureOptions.from_url(url, Credentials(**given))
    assert KEY not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_nothing_secret_is_shown() -> None:
    for given in ({"azure_key": KEY}, {"azure_sas_token": SAS}):
        options = AzureOptions.from_url(
            f"azure://files?account_url={ENDPOINT}", Credentials(**given)
        )
        assert KEY not in repr(options)
        assert "s3cr3t" not in repr(options)
