"""Records of the journal: any prefix reads as a prefix, and damage never as something else."""

from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.errors import NewerWrite, UnreadableWrite
from datalayer.pipeline.journal.records import VERSION, decode_record, encode_record
from datalayer.pipeline.journal.segments import Place, Portion, SegmentFile, read_portion
from datalayer.writes import DeleteUser, Write
from tests.support.builders import new_id, step
from tests.support.random_writes import PlannedWrite, World, planned_writes, typed

WORLD = World.new()
PLANS = st.lists(planned_writes(), min_size=1, max_size=6)
# What may be in a journal from today on: whoever changes it needs a new version.
GOLDEN = (
    b"1 75 991d8977684fd0db "
    b'{"version":1,"kind":"DeleteUser","write":{"identifier":"ann","revision":7}}'
    b"\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segments")


def record_of(version: int, written: bytes) -> bytes:
    """A record of any version: that stays, however writes are written."""
    head = b"%d %d" % (version, len(written))
    checksum = blake2b(head + written, digest_size=8).hexdigest().encode()
    return b"%s %s %s\n" % (head, checksum, written)


def read_all(path: Path, data: bytes, **limits: int) -> list[Portion]:
    path.write_bytes(data)
    portions = [read_portion(path, Place(), most_bytes=100, **limits)]
    while portions[-1].lines and not portions[-1].torn:
        portions.append(read_portion(path, portions[-1].then, most_bytes=100, **limits))
    return portions


def writes_in(portions: list[Portion]) -> list[Write]:
    return [line.write for portion in portions for line in portion.lines if line.write]


def all_typed(writes: list[Write]) -> list[object]:
    return [typed(write) for write in writes]


def test_the_form_of_a_record_stays() -> None:
    write = DeleteUser(identifier="ann", revision=7)
    assert encode_record(write) == GOLDEN
    assert decode_record(GOLDEN) == write


def test_a_record_of_a_newer_version_is_named() -> None:
    newer = record_of(VERSION + 1, b'{"another":"form"}')
    with pytest.raises(NewerWrite, match=f"version {VERSION + 1}.*newer Keepchat"):
        decode_record(newer)


def test_a_damaged_version_is_not_taken_for_a_newer_one() -> None:
    with pytest.raises(UnreadableWrite, match="damaged") as caught:
        decode_record(b"%d %s" % (VERSION + 1, GOLDEN.partition(b" ")[2]))
    assert not isinstance(caught.value, NewerWrite)


@given(plans=PLANS, data=st.data())
def test_any_prefix_reads_as_a_prefix(
    plans: list[PlannedWrite], data: st.DataObject, folder: Path
) -> None:
    writes = [plan.write(WORLD) for plan in plans]
    records = [encode_record(write) for write in writes]
    whole = b"".join(records)
    end = data.draw(st.integers(0, len(whole)))
    portions = read_all(folder / "prefix", whole[:end])
    found = writes_in(portions)
    assert all_typed(found) == all_typed(writes[: len(found)])
    kept = sum(map(len, records[: len(found)]))
    assert kept + portions[-1].torn == end
    assert portions[-1].then == Place(kept, len(found))


@given(plans=PLANS, data=st.data())
def test_damage_is_told_and_the_rest_is_read(
    plans: list[PlannedWrite], data: st.DataObject, folder: Path
) -> None:
    """Also where a damaged byte looks like the end of a record, or hides one."""
    writes = [plan.write(WORLD) for plan in plans]
    whole = bytearray(b"".join(map(encode_record, writes)))
    at = data.draw(st.integers(0, len(whole) - 1))
    size = data.draw(st.integers(1, 40))
    other = data.draw(st.binary(min_size=size, max_size=size) | st.just(b"\n" * size))
    damaged = bytes(whole[:at] + other + whole[at + size :])
    portions = read_all(folder / "damaged", damaged)
    found = all_typed(writes_in(portions))
    given = iter(all_typed(writes))
    assert all(write in given for write in found)  # in order, and none that was not written
    bad = sum(line.write is None for portion in portions for line in portion.lines)
    if damaged != whole and len(found) < len(writes):
        assert bad + (portions[-1].torn > 0) > 0


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_damaged_line_break_takes_no_record_away(folder: Path, at: int) -> None:
    """A record says where it ends; and the last one was accepted, unlike one that is torn."""
    writes: list[Write] = [step(new_id(), output=str(number)) for number in range(3)]
    records = [encode_record(write) for write in writes]
    records[at] = records[at][:-1] + b"\x8a"
    portions = read_all(folder / "unbroken", b"".join(records))
    assert writes_in(portions) == writes
    assert portions[-1].then == Place(sum(map(len, records)), len(records))


def test_every_byte_may_be_damaged_and_costs_its_record_alone(folder: Path) -> None:
    writes: list[Write] = [DeleteUser(identifier=name, revision=7) for name in ("ann", "bob")]
    records = [encode_record(write) for write in writes]
    whole = b"".join(records)
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :]
        found = writes_in(read_all(folder / "flipped", damaged))
        breaks = at in (len(records[0]) - 1, len(whole) - 1)
        assert found == [
            write for write in writes if breaks or (write == writes[1]) == (at < len(records[0]))
        ]


@given(line=st.binary())
def test_any_other_bytes_are_no_record(line: bytes) -> None:
    with pytest.raises(UnreadableWrite):
        decode_record(line)


def test_what_people_write_is_never_taken_for_a_record(folder: Path) -> None:
    inner = encode_record(DeleteUser(identifier="ann", revision=7)).decode()
    record = encode_record(step(new_id(), output=f"\n{inner}\n{inner}"))
    portions = read_all(folder / "forged", b"x" + record)
    assert writes_in(portions) == []


def test_no_more_is_read_than_asked_for(folder: Path) -> None:
    writes: list[Write] = [step(new_id(), output="x" * 30) for _ in range(5)]
    data = b"".join(map(encode_record, writes))
    (folder / "many").write_bytes(data)
    by_count = read_portion(folder / "many", Place(), most=2, most_bytes=len(data))
    assert [line.write for line in by_count.lines] == writes[:2]
    by_size = read_portion(folder / "many", by_count.then, most_bytes=1)
    assert [line.write for line in by_size.lines] == writes[2:3]
    until = len(encode_record(writes[0]))
    assert len(read_portion(folder / "many", Place(), until=until, most_bytes=len(data)).lines) == 1


def test_what_could_not_be_appended_is_taken_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SegmentFile(folder / "failing")
    file.append(b"first\n")

    def fail(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        file.append(b"second\n")
    assert (folder / "failing").read_bytes() == b"first\n"
    file.close()
    file.close()  # a second time it does nothing


def test_nobody_writes_over_a_segment(folder: Path) -> None:
    SegmentFile(folder / "twice").close()
    with pytest.raises(FileExistsError):
        SegmentFile(folder / "twice")
