#!/usr/bin/env python3
"""A prompt with a document in it: the whole GetPromptResult as JSON.

What goes to standard error before a status other than 0 is what the client
gets to read.
"""
import json
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
name = json.load(sys.stdin)["name"]
path = folder / (name + ".md")
if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or not path.is_file():
    names = ", ".join(sorted(p.stem for p in folder.glob("*.md")))
    sys.exit(f"There is no document of this name. There are: {names}")

text = path.read_text(encoding="utf-8")
request = (
    "Review this document. List what is wrong, unclear or missing, the worst "
    "first, each with the sentence it is about and a better one."
)
print(
    json.dumps(
        {
            "description": f"Review of {name}, {len(text.split())} words",
            "messages": [
                {
                    "role": "user",
                    "content": {
                        "type": "resource",
                        "resource": {
                            "uri": f"docs://documents/{name}.md",
                            "mimeType": "text/markdown",
                            "text": text,
                        },
                    },
                },
                {
                    "role": "user",
                    "content": {"type": "text", "text": request},
                },
            ],
        }
    )
)
