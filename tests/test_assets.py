"""Assets: sources in order, resumed downloads, checked content, one clear line when everything fails."""

import hashlib
import http.server
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfcold.assets import cache_folder, fetch, sources
from tfcold.assets.catalogue import ASSETS, Asset
from tfcold.assets.download import DownloadError, download
from tfcold.assets.fetch import fetch_asset
from tfcold.assets.sources import Archive, File, SingleFiles, Wheel, WheelParts
from tfcold.errors import AssetError, InputError

CONTENT = bytes(range(256)) * 4096  # 1 MiB


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` with range support; `cut` bytes into its next answer it hangs up, once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: int | None = None
        self.ranges = True
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append((self.path, asked))
        content = self.server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = int(asked[len("bytes=") : -1]) if asked and self.server.ranges else 0
        if start >= len(content) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut, self.server.cut = self.server.cut, None
        self.wfile.write(content[start:] if cut is None else content[start : start + cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        made.shutdown()


def test_download_resumes_in_the_same_call_after_a_cut(server: Server, tmp_path: Path) -> None:
    server.files["big"] = CONTENT
    server.cut = 500_000
    download(server.address + "big", tmp_path / "big", sha256=sha(CONTENT))
    assert (tmp_path / "big").read_bytes() == CONTENT
    # the second request asks for the rest only: 500,000 bytes had arrived
    assert server.asked == [("/big", None), ("/big", "bytes=500000-")]
    assert not (tmp_path / "big.partial").exists()


def test_download_resumes_what_an_earlier_call_left(server: Server, tmp_path: Path) -> None:
    server.files["big"] = CONTENT
    (tmp_path / "big.partial").write_bytes(CONTENT[:1000])
    download(server.address + "big", tmp_path / "big", sha256=sha(CONTENT))
    assert (tmp_path / "big").read_bytes() == CONTENT
    assert server.asked == [("/big", "bytes=1000-")]


def test_download_takes_a_finished_partial_file_as_it_is(server: Server, tmp_path: Path) -> None:
    server.files["big"] = CONTENT
    (tmp_path / "big.partial").write_bytes(CONTENT)
    download(server.address + "big", tmp_path / "big", sha256=sha(CONTENT))
    assert (tmp_path / "big").read_bytes() == CONTENT


def test_download_starts_over_when_the_server_ignores_ranges(server: Server, tmp_path: Path) -> None:
    server.files["big"] = CONTENT
    server.ranges = False
    (tmp_path / "big.partial").write_bytes(b"x" * 10)
    download(server.address + "big", tmp_path / "big", sha256=sha(CONTENT))
    assert (tmp_path / "big").read_bytes() == CONTENT


@pytest.mark.parametrize("left_over", [10, len(CONTENT) + 5], ids=["shorter", "longer"])
def test_download_drops_a_left_over_beginning_of_another_file(server: Server, tmp_path: Path, left_over: int) -> None:
    server.files["big"] = CONTENT
    (tmp_path / "big.partial").write_bytes(b"x" * left_over)
    download(server.address + "big", tmp_path / "big", sha256=sha(CONTENT))
    assert (tmp_path / "big").read_bytes() == CONTENT


def test_download_refuses_other_bytes_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.files["big"] = b"an error page"
    with pytest.raises(DownloadError, match=sha(b"an error page")[:12]):
        download(server.address + "big", tmp_path / "big", sha256=sha(CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_download_names_the_http_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="HTTP 404"):
        download(server.address + "nothing", tmp_path / "nothing", sha256=sha(b""))


def toy_asset(server: Server, *contents: bytes, files: bytes = b"hello") -> Asset:
    """An asset of one file and one nested file, to be had from one address per given content of the first."""
    wanted = (File("a.txt", sha(files)), File("deep/b.txt", sha(b"b")))
    for number, content in enumerate(contents):
        server.files[f"{number}/a.txt"] = content
        server.files[f"{number}/deep/b.txt"] = b"b"
    return Asset(
        "toy", "free", tuple(SingleFiles(wanted, f"{server.address}{number}/") for number in range(len(contents)))
    )


def test_fetch_asks_the_second_source_when_the_first_has_wrong_bytes(server: Server, tmp_path: Path) -> None:
    folder = fetch_asset(toy_asset(server, b"wrong", b"hello"), tmp_path)
    assert (folder / "a.txt").read_bytes() == b"hello"
    assert (folder / "deep" / "b.txt").read_bytes() == b"b"


def test_fetch_reads_the_cache_the_second_time(server: Server, tmp_path: Path) -> None:
    asset = toy_asset(server, b"hello")
    first = fetch_asset(asset, tmp_path)
    requests = len(server.asked)
    assert fetch_asset(asset, tmp_path) == first == tmp_path / "toy"
    assert len(server.asked) == requests


def test_fetch_replaces_a_damaged_file_of_the_cache(server: Server, tmp_path: Path) -> None:
    asset = toy_asset(server, b"hello")
    folder = fetch_asset(asset, tmp_path)
    (folder / "a.txt").write_bytes(b"hellp")
    assert (fetch_asset(asset, tmp_path) / "a.txt").read_bytes() == b"hello"


def test_fetch_takes_files_that_were_put_there_by_hand(tmp_path: Path) -> None:
    asset = Asset("toy", "free", (SingleFiles((File("a.txt", sha(b"hello")),), "http://127.0.0.1:9/"),))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "a.txt").write_bytes(b"hello")
    assert fetch_asset(asset, tmp_path) == tmp_path / "toy"


def test_fetch_names_every_source_and_the_way_out_when_all_fail(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_index(requirement: str, folder: Path) -> None:
        raise DownloadError("pip exited with 1: no such package")

    monkeypatch.setattr(sources, "pip_download", no_index)
    files = (File("a.txt", sha(b"hello")),)
    server.files["0/a.txt"] = b"wrong"
    asset = Asset(
        "toy",
        "free",
        (
            SingleFiles(files, server.address + "0/"),
            Archive(files, server.address + "gone.zip", sha(b""), ""),
            Wheel(files, "toy==1", "toy/"),
        ),
    )
    with pytest.raises(AssetError) as caught:
        fetch_asset(asset, tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "cache: no folder",
        f"{server.address}0/: wrong content",
        f"{server.address}gone.zip: HTTP 404",
        "wheel toy==1: pip exited with 1: no such package",
        f"Put a.txt into {str(tmp_path / 'toy')!r}",
    ):
        assert part in message
    assert not (tmp_path / "toy").exists()


def test_fetch_fails_over_from_a_closed_port_at_once(server: Server, tmp_path: Path) -> None:
    asset = toy_asset(server, b"hello")
    closed = SingleFiles(asset.sources[0].files, "http://127.0.0.1:9/")
    folder = fetch_asset(Asset("toy", "free", (closed, *asset.sources)), tmp_path)
    assert (folder / "a.txt").read_bytes() == b"hello"


def test_fetch_unpacks_only_the_wanted_members_of_an_archive(server: Server, tmp_path: Path) -> None:
    archive = tmp_path / "made.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("top/weights/a.txt", "hello")
        opened.writestr("top/other.txt", "not asked for")
    server.files["made.zip"] = archive.read_bytes()
    source = Archive(
        (File("a.txt", sha(b"hello"), member="weights/a.txt"),),
        server.address + "made.zip",
        sha(archive.read_bytes()),
        "top/",
    )
    folder = fetch_asset(Asset("toy", "free", (source,)), tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["a.txt"]


def test_fetch_takes_a_wheel_from_where_pip_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "toy_asset_of_tfcold-1-py3-none-any.whl", "w") as opened:
        opened.writestr("toy/a.txt", "hello")
        opened.writestr(
            "toy_asset_of_tfcold-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy_asset_of_tfcold\nVersion: 1\n"
        )
        opened.writestr("toy_asset_of_tfcold-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        opened.writestr("toy_asset_of_tfcold-1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    files = (File("a.txt", sha(b"hello")),)
    folder = fetch_asset(Asset("toy", "free", (Wheel(files, "toy_asset_of_tfcold==1", "toy/"),)), tmp_path / "cache")
    assert (folder / "a.txt").read_bytes() == b"hello"
    with pytest.raises(AssetError, match=r"toy_asset_of_tfcold==2: pip exited with 1: .*toy_asset_of_tfcold==2"):
        fetch_asset(Asset("none", "free", (Wheel(files, "toy_asset_of_tfcold==2", "toy/"),)), tmp_path / "cache")


def test_pieces_of_a_file_in_wheels_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    index.mkdir()
    for number, content in enumerate(("hel", "lo")):
        with zipfile.ZipFile(index / f"toy_part{number}-1-py3-none-any.whl", "w") as opened:
            opened.writestr(f"toy_part{number}/a.part", content)
            opened.writestr(
                f"toy_part{number}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: toy_part{number}\nVersion: 1\n"
            )
            opened.writestr(f"toy_part{number}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            opened.writestr(f"toy_part{number}-1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    files = (File("a.txt", sha(b"hello")),)
    parts = tuple((f"toy_part{number}==1", f"toy_part{number}/a.part") for number in range(2))
    folder = fetch_asset(Asset("toy", "free", (WheelParts(files, parts),)), tmp_path / "cache")
    assert (folder / "a.txt").read_bytes() == b"hello"
    with pytest.raises(AssetError, match=r"wheels toy_part1==1 to toy_part0==1: a\.txt has other content"):
        fetch_asset(Asset("odd", "free", (WheelParts(files, parts[::-1]),)), tmp_path / "cache")
    with pytest.raises(AssetError, match="toy_part2==1"):
        fetch_asset(Asset("none", "free", (WheelParts(files, (*parts, ("toy_part2==1", "x"))),)), tmp_path / "cache")


def test_fetch_refuses_an_unknown_name() -> None:
    with pytest.raises(InputError, match=r"'movielens-100k', 'minilm', 'static', 'gemma-270m'; received 'movielens'"):
        fetch("movielens")


def test_fetch_says_so_when_the_cache_cannot_be_written(tmp_path: Path, server: Server) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AssetError, match="TFCOLD_CACHE"):
        fetch_asset(toy_asset(server, b"hello"), tmp_path / "file")


def test_cache_folder_prefers_the_argument_then_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFCOLD_CACHE", str(tmp_path / "variable"))
    assert cache_folder(tmp_path / "argument") == tmp_path / "argument"
    assert cache_folder() == tmp_path / "variable"
    monkeypatch.delenv("TFCOLD_CACHE")
    assert cache_folder().name == "tfcold"


def test_every_asset_pins_every_file_by_sha256() -> None:
    for asset in ASSETS.values():
        assert any(isinstance(source, Wheel | WheelParts) for source in asset.sources)
        for source in asset.sources:
            assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in source.files)
            assert len({file.name for file in source.files}) == len(source.files)


@pytest.mark.asset
@pytest.mark.parametrize("name", sorted(ASSETS))
def test_fetch_brings_the_real_asset(name: str) -> None:
    if os.environ.get("TFCOLD_OFFLINE") == "1":
        pytest.skip("TFCOLD_OFFLINE=1")
    asset = ASSETS[name]
    try:
        folder = fetch(name)
    except AssetError as error:
        if any(fault in str(error) for fault in ("wrong content", "other content", "is not the archive")):
            raise  # a source was reached, and has something else by now
        pytest.skip(str(error))
    assert any(all(file.fault(folder) is None for file in source.files) for source in asset.sources)
