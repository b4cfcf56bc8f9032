"""What the login page says of a login at a provider of identities."""

from collections.abc import Mapping
from typing import Any

from chat.wording.language import Localized

CONTINUE = Localized(en="Continue with {where}", zh="使用{where}登录")
SINGLE_SIGN_ON = Localized(en="single sign-on", zh="统一身份")

YOU = Localized(en="You", zh="您")
"""Where one person uses the program, and has no name."""
ASKER = Localized(en="User", zh="用户")
"""Instead of the name that somebody signs in with, for others."""

TWICE = Localized(
    en="This browser says in two ways who you are, so it is signed out here. Reload the page, and "
    "sign in again.",
    zh="此浏览器以两种方式表明您的身份，因此已在此处退出登录。请刷新页面并重新登录。",
)

REFUSALS: Mapping[str, Localized[str]] = {
    "oidcExpired": Localized(
        en="That sign-in took too long, or belongs to another window. Please sign in again.",
        zh="此次登录超时，或属于另一个窗口。请重新登录。",
    ),
    "oidcCancelled": Localized(
        en="You have not signed in: the sign-in was cancelled there.",
        zh="您尚未登录：登录已被取消。",
    ),
    "oidcUnavailable": Localized(
        en="The place where you sign in does not answer. Please try again in a few minutes.",
        zh="登录服务没有响应。请几分钟后重试。",
    ),
    "oidcFailed": Localized(
        en="The sign-in did not succeed. Please try again; if it stays so, tell whoever runs this "
        "chat: the log has the cause.",
        zh="登录未成功。请重试；如果问题依旧，请告知本聊天服务的管理员：原因见日志。",
    ),
    "oidcNotAllowed": Localized(
        en="You have signed in, but this account may not use this chat. Ask whoever runs it.",
        zh="您已登录，但此账号无权使用本聊天服务。请联系管理员。",
    ),
    "oidcDisabled": Localized(
        en="Your account here has been disabled or removed. Ask whoever runs this chat.",
        zh="您在此处的账号已被停用或删除。请联系管理员。",
    ),
    "oidcDatabase": Localized(
        en="The database cannot be reached, so nobody can sign in now. Please try again in a "
        "few seconds.",
        zh="无法连接数据库，目前无法登录。请几秒钟后重试。",
    ),
}


def with_logins(translation: dict[str, Any], language: str, label: str) -> dict[str, Any]:
    """Return the texts of Chainlit's page with ours for a login at a provider.

    `label` is what the provider is called, empty for what people call such a login.
    """
    where = label or SINGLE_SIGN_ON.in_language(language)
    auth = translation.get("auth", {})
    login = auth.get("login", {})
    refusals = {name: said.in_language(language) for name, said in REFUSALS.items()}
    return {
        **translation,
        "auth": {
            **auth,
            "login": {**login, "errors": {**login.get("errors", {}), **refusals}},
            "provider": {"continue": CONTINUE.in_language(language).format(where=where)},
        },
    }
