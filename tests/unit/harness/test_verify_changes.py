"""What git is asked, and which names and modes of a pull request are refused unread."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from examples_of_pull_requests import NEW, RELU, FakeBench, PullRequest, repository

from harness.errors import UserError
from harness.problem.catalog import MAX_SOURCE_BYTES
from harness.verification import tree as verify_tree
from harness.verification import verify
from harness.verification.git import Repository
from harness.verification.summary import Line, Report, Ruling

M1 = "metal/kernels/common/relu/m1.metal"


@pytest.fixture
def pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PullRequest:
    return repository(tmp_path, monkeypatch)


def judged(pull: PullRequest) -> Report:
    pull.commit()
    return verify.verify(pull.folder, "main", "pr", FakeBench())


def only(report: Report) -> Line:
    assert len(report.lines) == 1, report
    return report.lines[0]


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "--output=/tmp/x",
        "-x",
        "main..pr",
        "main:session.json",
        "a b",
        "a\nb",
        "$(id)",
        ":/message",
        "^main",
        "x" * 300,
        "pr\0",
        "HEAD@{yesterday}",
    ],
)
def test_odd_names_of_commits_never_reach_git(pull: PullRequest, ref: str) -> None:
    with pytest.raises(UserError, match="not the name of a commit"):
        Repository(pull.folder).commit(ref)


def test_names_of_commits(pull: PullRequest) -> None:
    git = Repository(pull.folder)
    tip = pull.git("rev-parse", "main")
    pull.write(RELU, NEW)
    pull.commit()
    assert {git.commit(ref) for ref in ("main", tip, tip[:9], "pr~1", "HEAD^")} == {tip}
    assert git.default_base() == "main"
    with pytest.raises(UserError, match="knows no commit"):
        git.commit("nobody/knows-it")


def test_a_replaced_object_is_not_read(pull: PullRequest) -> None:
    """git replace could show an honest file in place of what the pull request holds."""
    pull.write(M1, b"\xff")
    pull.commit()
    bad = pull.git("rev-parse", f"pr:{M1}")
    good = pull.git("hash-object", "-w", "--stdin", stdin=NEW)
    pull.git("replace", bad, good)
    report = verify.verify(pull.folder, "main", "pr", FakeBench())
    assert "not UTF-8 text" in only(report).reasons[0]


def test_a_symbolic_link_is_refused_unread(pull: PullRequest) -> None:
    target = pull.folder / M1
    target.parent.mkdir(parents=True)
    target.symlink_to("/etc/passwd")
    line = only(judged(pull))
    assert (line.subject, line.ruling) == (M1, Ruling.REJECT)
    assert line.reasons == ["a symbolic link, not a file"]


def test_a_linked_folder_is_refused(pull: PullRequest) -> None:
    (pull.folder / "metal/kernels/standard").symlink_to("common")
    assert only(judged(pull)).reasons == ["a symbolic link, not a file"]


def test_a_submodule_is_refused(pull: PullRequest) -> None:
    commit = pull.git("rev-parse", "main")
    pull.git("update-index", "--add", "--cacheinfo", f"160000,{commit},mlx/kernels/extra")
    pull.git("commit", "-q", "-m", "a submodule")
    report = verify.verify(pull.folder, "main", "pr", FakeBench())
    assert only(report).reasons == ["a submodule, not a file"]


def test_an_executable_source_is_refused(pull: PullRequest) -> None:
    pull.write(M1, NEW)
    (pull.folder / M1).chmod(0o755)
    assert only(judged(pull)).reasons == ["an executable file, not a file"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x7fELF\xff\xfe", "not UTF-8 text"),
        (b"kernel void f() {}\0", "a zero byte"),
        (b"//" + b"x" * MAX_SOURCE_BYTES, "more than 1 MiB"),
    ],
)
def test_a_source_that_is_no_text_is_refused(pull: PullRequest, content: bytes, says: str) -> None:
    pull.write(M1, content)
    line = only(judged(pull))
    assert line.ruling is Ruling.REJECT and says in line.reasons[0]


def test_a_huge_results_file_is_not_read(
    pull: PullRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_tree, "MOST_RESULTS_BYTES", 1000)
    pull.write("results/apple-m4-max/relu.json", " " * 1001)
    assert "no file, or more than" in judged(pull).lines[0].reasons[0]


@pytest.mark.parametrize(
    "path",
    [
        "results/apple-m4-max/relu.json.bak",
        "results/relu.json",
        "results/apple-m4-max/deep/relu.json",
        "results/apple-m4-max/RELU.json",
        "metal/kernels/common/Relu2.metal",
        "metal/kernels/common/relu/a/b.metal",
        "metal/kernels/common/relu/m77.metal",
        "metal/kernels/common/re:lu.metal",
        "metal/kernels/common/re\\lu.metal",
        "metal/kernels/common/re\x1b[2Jlu.metal",
        "metal/kernels/common/re\nlu.metal",
        "metal/kernels/common/re\u202elu.metal",
        "docs/" + "x" * 251,
        "-rf",
    ],
)
def test_tricks_with_names_are_refused(pull: PullRequest, path: str) -> None:
    report = commit_of_names(pull, [path.encode()])
    line = only(report)
    assert (line.subject, line.ruling) == (path, Ruling.REJECT)


def test_names_that_are_no_text_are_refused(pull: PullRequest) -> None:
    line = only(commit_of_names(pull, [b"metal/kernels/common/\xff.metal"]))
    assert line.reasons == ["the name is not UTF-8"]


def test_names_that_differ_in_case_only_are_refused(pull: PullRequest) -> None:
    report = commit_of_names(pull, [b"docs/a.md", b"docs/A.md"])
    assert {line.reasons[0][:26] for line in report.lines} == {"another name differs from "}


def test_a_name_that_leaves_its_folder_is_refused(pull: PullRequest) -> None:
    """git refuses to check such a tree out, and fetches it all the same."""
    blob = pull.git("hash-object", "-w", "--stdin", stdin=NEW)
    inner = pull.git("mktree", stdin=f"100644 blob {blob}\tx.metal\n")
    parent = pull.git("mktree", stdin=f"040000 tree {inner}\t..\n")
    root = pull.git("ls-tree", "main")
    tree = pull.git("mktree", stdin=f"{root}\n040000 tree {parent}\tzzz\n")
    commit = pull.git("commit-tree", "-p", "main", "-m", "names", tree)
    line = only(verify.verify(pull.folder, "main", commit, FakeBench()))
    assert (line.subject, line.reasons) == ("zzz/../x.metal", ["the name leaves its folder"])


def commit_of_names(pull: PullRequest, names: list[bytes]) -> Report:
    """A commit whose tree holds these names, whatever the file system thinks of them."""
    blob = pull.git("hash-object", "-w", "--stdin", stdin=NEW)
    lines = b"".join(b"100644 %s\t%s\0" % (blob.encode(), name) for name in names)
    command = ["git", "-C", str(pull.folder), "update-index", "-z", "--index-info"]
    subprocess.run(command, input=lines, check=True)
    pull.git("commit", "-q", "-m", "names")
    return verify.verify(pull.folder, "main", "pr", FakeBench())
