"""What a person sees of a player, beside what another emulator, pyte, makes of the same bytes.

    python3 window.py SCRIPT

SCRIPT is a list in JSON: {"bytes": TEXT} was written to the terminal, {"size": [COLS, ROWS]} is what the window was changed
to, {"rows": [TEXT, …]} is what it must look like by then. At the end the terminal must be as it was at the beginning, in all
that pyte knows of it. Printed is a list of what is not so. Nothing here knows how a player draws.
"""

import json
import sys

from lines import UNKNOWN, Screen, Stream


def state(screen):
    """All that is not text."""
    return {
        "modes": sorted(screen.mode),
        "margins": screen.margins,
        "hidden": screen.cursor.hidden,
        "attributes": screen.cursor.attrs._replace(data=" "),
        "charsets": (screen.charset, screen.g0_charset, screen.g1_charset),
        "title": (screen.title, screen.icon_name),
        "tabs": sorted(screen.tabstops),
        "other": screen.main is not None,
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        script = json.load(file)
    screen = Screen(80, 24)
    stream = Stream(screen)
    stream.use_utf8 = False
    stream.feed("what stood there before\r\n$ play\r\n")
    before, text, wrong = state(screen), screen.display, []
    for number, step in enumerate(script):
        if "bytes" in step:
            stream.feed(UNKNOWN.sub("", step["bytes"]))
        elif "size" in step:
            cols, rows = step["size"]
            screen.resize(rows, cols)
        else:
            seen = [row.rstrip() for row in screen.display]
            for row, (ours, theirs) in enumerate(zip(step["rows"], seen)):
                if ours != theirs and len(wrong) < 20:
                    wrong.append({"step": number, "row": row, "expected": ours, "pyte": theirs})
    screen.resize(24, 80)
    after = state(screen)
    wrong += [{"left": name, "before": str(before[name]), "after": str(after[name])} for name in before if before[name] != after[name]]
    if not any(row.startswith("what stood there before") for row in screen.display):
        wrong.append({"left": "text", "before": text, "after": screen.display})
    print(json.dumps(wrong, ensure_ascii=False))


main()
