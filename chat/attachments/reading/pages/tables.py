"""Tables of pages: what spans has its place, and a table within a table has one in its cell."""

from bs4 import BeautifulSoup, Tag

_DEEPEST = 10  # tables within each other
_MOST = {"colspan": 100, "rowspan": 1_000}
_CELLS = ["td", "th"]
_WITHIN_TABLES = ["thead", "tbody", "tfoot", "tr", *_CELLS]


def arrange(soup: BeautifulSoup) -> None:
    """Leave tables that Markdown can show: none within another, each row with all of its cells."""
    _limit_depth(soup)
    for table in soup("table"):
        if table.find("table") and _is_for_looks(table):
            _dissolve(table)
    for table in reversed(soup("table")):  # those within come first
        if table.find_parent(_CELLS):
            _put_into_cell(soup, table)
    for table in soup("table"):
        _spread(soup, table)


def _limit_depth(soup: BeautifulSoup) -> None:
    """Take tables for text where they are too deep: each is looked at with all that is within."""
    depths = {id(soup): 0}
    for tag in soup.find_all(True):
        depths[id(tag)] = depth = depths[id(tag.parent)] + (tag.name == "table")
        if depth > _DEEPEST and tag.name in ("table", *_WITHIN_TABLES):
            tag.name = "span"


def _is_for_looks(table: Tag) -> bool:
    """Tell whether a table that has others within only places them, as mail and old pages do."""
    if str(table.get("role") or "").lower() in ("presentation", "none"):
        return True
    if table.find("caption", recursive=False):
        return False
    rows = [it for it in table("tr") if it.find_parent("table") is table]
    cells = [row.find_all(_CELLS, recursive=False) for row in rows]
    if any(cell.name == "th" for row in cells for cell in row):
        return False
    filled = [sum(_has_something(cell) for cell in row) for row in cells]
    return sum(it > 1 for it in filled) < 2


def _has_something(cell: Tag) -> bool:
    return bool(cell.get_text(strip=True)) or cell.find("img") is not None


def _dissolve(table: Tag) -> None:
    """Let what is in the cells of a table stand one after the other."""
    own = [it for it in table(_WITHIN_TABLES) if it.find_parent("table") is table]
    for part in own:
        if part.name in _CELLS:
            part.name = "div"
        else:
            part.unwrap()
    table.unwrap()


def _put_into_cell(soup: BeautifulSoup, table: Tag) -> None:
    """Make of a table within a cell lines of it, with semicolons between what its cells say."""
    for row in table("tr"):
        cells = row.find_all(_CELLS, recursive=False)
        for cell in cells[1:]:
            cell.insert_before("; ")
        row.insert_before(soup.new_tag("br"))
        row.insert_after(soup.new_tag("br"))
    for part in table(_WITHIN_TABLES):
        part.name = "span"
    table.name = "span"


def _spread(soup: BeautifulSoup, table: Tag) -> None:
    """Give rows an empty cell where one of a row above reaches into them."""
    reach: dict[int, int] = {}  # into how many rows more, by columns
    for row in table("tr"):
        column = 0
        for cell in row.find_all(_CELLS, recursive=False):
            while reach.get(column, 0):
                cell.insert_before(soup.new_tag("td"))
                reach[column] -= 1
                column += 1
            for _ in range(span(cell, "colspan")):
                reach[column] = span(cell, "rowspan") - 1
                column += 1
        while reach.get(column, 0):
            row.append(soup.new_tag("td"))
            reach[column] -= 1
            column += 1


def span(cell: Tag, name: str) -> int:
    """Return how many columns or rows a cell takes."""
    given = str(cell.get(name) or "").strip()
    return max(1, min(_MOST[name], int(given))) if given.isdecimal() else 1
