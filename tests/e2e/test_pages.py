"""The pages for writers of tools, followed word for word."""
import harness
import pages

NAMES = ["programs", "c-modules", "prompts", "resources", "questions", "tasks"]


def test(world):
    for name in NAMES:
        pages.follow(world, harness.SOURCE / "docs" / (name + ".md"))


harness.run(test)
