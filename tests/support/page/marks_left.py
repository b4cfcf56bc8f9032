"""Where a mark is found that is to be nowhere: folders, names, and all tables of a database."""

from collections.abc import Iterator
from pathlib import Path

from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Database

_IN_BROWSER = """async (mark) => {
    const found = [];
    const look = (place, text) => text.includes(mark) && found.push(`${place}: ${text}`);
    const done = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    for (const kept of [localStorage, sessionStorage])
        for (const entry of Object.entries(kept)) look("web storage", entry.join("="));
    for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
            const records = await done(database.transaction(store).objectStore(store).getAll());
            for (const record of records)
                for (const value of [record, ...Object.values(record)]) {
                    look(name, JSON.stringify(value) ?? "");
                    if (value instanceof File) look(name, `${value.name} ${await value.text()}`);
                }
        }
        database.close();
    }
    return found;
}"""


def places_of(mark: str, app: Application, database: Database) -> list[str]:
    """Return where a program has a mark, spelt in any way: in its folder, its log, any row."""
    return [
        *_files_with(mark, app.home),
        *(["the log"] if mark.lower() in app.log().lower() else []),
        *(
            f"{table}: {row}"
            for table in sorted(database.tables())
            for row in database.rows(f"SELECT * FROM {table}")  # noqa: S608
            if mark.lower() in str(row).lower()
        ),
    ]


async def marked_in_browser(mark: str, chat: Chat) -> list[str]:
    """Return what a browser has stored for the page that has a mark."""
    found: list[str] = await chat.page.evaluate(_IN_BROWSER, mark)
    return found


async def until_in_browser(mark: str, chat: Chat, places: int) -> None:
    """Wait until the browser has a mark in so many places."""
    function = f"async (mark) => (await ({_IN_BROWSER})(mark)).length === {places}"
    await chat.page.wait_for_function(function, arg=mark)


def kept(app: Application) -> set[str]:
    """Return what there is below the data folder, but for what locks it and empty folders."""
    found = {path for path in app.data.rglob("*") if path.is_file() and path.suffix != ".lock"}
    return {str(path.relative_to(app.data)) for path in found if not _is_of_sqlite(path)}


def _is_of_sqlite(path: Path) -> bool:
    return path.name.endswith(("-wal", "-shm"))


def _files_with(mark: str, folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        sought = mark.lower()
        if sought in path.name.lower() or (
            path.is_file() and sought.encode() in path.read_bytes().lower()
        ):
            yield str(path.relative_to(folder))
