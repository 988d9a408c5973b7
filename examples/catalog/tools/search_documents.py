#!/usr/bin/env python3
"""Full-text search over a folder of Markdown files.

Arguments come as one JSON object on standard input, the answer goes to
standard output as JSON.  The index is made anew for each call: for some
hundred files that takes milliseconds, and there is nothing to keep fresh.
"""
import json
import pathlib
import re
import sqlite3
import sys


def documents(folder):
    """Yield name, title and text of each document."""
    for path in sorted(pathlib.Path(folder).glob("*.md")):
        text = path.read_text(encoding="utf-8")
        first, _, rest = text.partition("\n")
        yield path.stem, first.lstrip("# ").strip(), rest.strip()


def index(folder):
    """An FTS5 table in memory, and how many documents are in it."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE doc USING fts5"
        "(name UNINDEXED, title, text, tokenize='porter unicode61')"
    )
    count = db.executemany(
        "INSERT INTO doc VALUES (?, ?, ?)", documents(folder)
    ).rowcount
    return db, max(count, 0)


def search(db, words, joint, limit):
    """Hits for the words; a title counts more than the text.

    Each word is quoted, so that nothing in a query is an operator, and
    matches the beginning of a word.
    """
    match = joint.join(f'"{word}"*' for word in words)
    rows = db.execute(
        "SELECT name, title, snippet(doc, 2, '', '', ' ... ', 24) FROM doc"
        " WHERE doc MATCH ? ORDER BY bm25(doc, 0, 5.0, 1.0), name LIMIT ?",
        (match, limit),
    )
    return [
        {"name": name, "title": title, "snippet": " ".join(text.split())}
        for name, title, text in rows
    ]


def main():
    arguments = json.load(sys.stdin)
    words = re.findall(r"\w+", arguments["query"])
    if not words:
        sys.exit("The query has no words in it.")
    db, count = index(sys.argv[1])
    limit = arguments.get("limit", 5)
    hits = search(db, words, " AND ", limit) or search(db, words, " OR ", limit)
    json.dump({"hits": hits, "searched": count}, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
