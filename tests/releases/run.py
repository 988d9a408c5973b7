"""What was released stays what it was.

`releases.txt` names each version and its commit, oldest first; a clone may
lack tags.  What later versions must not change of a release is compared with
the files of that commit: the steps of the stores' schemas, which hosts of two
versions on one store share.  A clone without history skips that.

usage: run.py SOURCE
"""
import re
import subprocess
import sys
from pathlib import Path

SKIP = 77
STEP = re.compile(r"sql/[a-z]+/[0-9]{4}_[a-z_]+\.sql")


def git(source, *arguments):
    """What it prints; None if it fails, or there is none."""
    try:
        done = subprocess.run(["git", "-C", source, *arguments],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None


def version_of(cmake):
    return re.search(r"^project\(mcp-fcgi VERSION ([0-9.]+)", cmake, re.M)[1]


def recorded(source):
    text = (source / "tests" / "releases" / "releases.txt").read_text()
    return [tuple(line.split()) for line in text.splitlines()
            if line and not line.startswith("#")]


def changelog(source):
    """Versions with a date, newest first."""
    text = (source / "CHANGELOG.md").read_text()
    return re.findall(r"^## ([0-9.]+) - [0-9]{4}-[0-9]{2}-[0-9]{2}$", text,
                      re.M)


def check_lists(source, releases):
    wrong = []
    told = changelog(source)
    versions = [version for version, _ in releases]
    version = version_of((source / "CMakeLists.txt").read_text())
    if version not in told:
        wrong.append(f"CHANGELOG.md has no date for version {version}")
    # The commit of a release cannot name itself.
    if told[::-1] not in (versions, [*versions, version]):
        wrong.append(f"CHANGELOG.md tells of {told}, recorded are {versions}")
    return wrong


def check_release(source, version, commit):
    wrong = []
    was = version_of(git(source, "show", f"{commit}:CMakeLists.txt"))
    if was != version:
        wrong.append(f"{commit} is version {was}, not {version}")
    for name in git(source, "ls-tree", "-r", "--name-only", commit,
                    "sql").split():
        path = source / name
        if STEP.fullmatch(name) and (
                not path.exists()
                or path.read_text() != git(source, "show",
                                           f"{commit}:{name}")):
            wrong.append(f"{name} is not what {version} has; add a step")
    return wrong


def main():
    source = Path(sys.argv[1])
    releases = recorded(source)
    wrong = check_lists(source, releases)
    missing = [version for version, commit in releases
               if git(source, "cat-file", "-e", commit + "^{commit}") is None]
    for version, commit in releases:
        if version not in missing:
            wrong += check_release(source, version, commit)
    for sentence in wrong:
        print(sentence)
    if wrong:
        sys.exit(1)
    if missing:
        print("SKIPPED: no history of", ", ".join(missing))
        sys.exit(SKIP)


main()
