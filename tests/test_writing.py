"""Files appear whole or not at all, and are held by one process."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from spektron.pointgroup.errors import FileError
from spektron.pointgroup.writing import hold, whole_file


class OwnError(Exception):
    pass


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_what_was_there_stays_until_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with whole_file(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert (path.read_text(), names(tmp_path)) == ("new", ["a.txt"])


def _stopped(path, error):
    with whole_file(path) as draft:
        draft.write_text("half of the n")
        raise error


@pytest.mark.parametrize("error", [ValueError("bad number"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_file_and_no_draft(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)):
        _stopped(path, error)
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.txt"])


def test_system_errors_are_one_line_that_names_the_path(tmp_path):
    path = tmp_path / "no" / "a.txt"
    for kind in (FileError, OwnError):
        with (
            pytest.raises(kind, match="cannot be written: No such file") as found,
            whole_file(path, kind) as draft,
        ):
            draft.write_text("new")
        assert str(found.value).startswith(str(path))
        assert "\n" not in str(found.value)


def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with (
        pytest.raises(FileError, match=r"a\.txt: cannot be written"),
        whole_file(tmp_path / "a.txt") as draft,
    ):
        draft.write_text("new")
    assert names(tmp_path) == ["a.txt"]


def test_a_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    code = (
        "import os, signal, sys\n"
        "from spektron.pointgroup.writing import whole_file\n"
        "with whole_file(sys.argv[1]) as draft:\n"
        "    draft.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)
    assert path.read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="locks of this kind are POSIX")
def test_one_process_holds_a_file(tmp_path):
    path = Path(tmp_path / "lock")
    code = (
        "import sys\n"
        "from spektron.pointgroup.writing import hold\n"
        "try:\n"
        "    hold(open(sys.argv[1], 'a'), RuntimeError('busy'))\n"
        "except RuntimeError as error:\n"
        "    print(error)\n"
        "else:\n"
        "    print('free')\n"
    )

    def ask():
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
        return done.stdout.strip() or done.stderr

    with path.open("a") as file:
        hold(file, RuntimeError("busy"))
        assert ask() == "busy"
    assert ask() == "free"


@pytest.mark.skipif(os.name != "posix", reason="locks of this kind are POSIX")
def test_a_file_is_waited_for(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys\n"
        "from spektron.pointgroup.writing import hold\n"
        "file = open(sys.argv[1], 'a')\n"
        "hold(file, RuntimeError('busy'))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other,
        path.open("a") as file,
    ):
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RuntimeError, match="busy"):
            hold(file, RuntimeError("busy"), patience=0.2)
        Timer(0.5, other.kill).start()
        hold(file, RuntimeError("busy"), patience=60)
