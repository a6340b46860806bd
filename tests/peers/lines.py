"""The lines of a recording beside what another emulator, pyte, shows of it.

    python3 lines.py CAST LINES

CAST is a recording, unpacked; LINES is what `ssm-rec derive RECORDING --lines` printed of it. The screen is looked at every
200 ms of the session. Printed is one JSON object: how many words stood there at two looks running (`seen`), which of them are
in no line (`lost`), and which words of the lines never stood on the screen (`made_up`). Nothing here knows how lines are made.
"""

import json
import re
import sys

import pyte

EVERY = 200
OTHER_SCREEN = {mode << 5 for mode in (47, 1047, 1049)}

# pyte prints parts of what it does not know: keyboard protocols, colours with colons, strings of devices.
UNKNOWN = re.compile(
    r"\x1b\[\?[0-9;]*[a-gi-km-zA-Z]|\x1b\[[<=>][0-9;:]*[ -/]*[@-~]|\x1b\[[0-9;:]*[ -/]+[@-~]|\x1b\[[0-9;]*:[0-9;:]*m|\x1b[PX^_].*?\x1b\\", re.DOTALL
)
# The beginning of a sequence at the end of a piece.
BEGUN = re.compile(r"\x1b(\[[0-9;:<=>? -/]*|[PX^_][^\x1b]*\x1b?)?$")


class Screen(pyte.Screen):
    """With the other screen and the sequences that pyte leaves out."""

    main = None
    last = " "

    def set_mode(self, *modes, **options):
        super().set_mode(*modes, **options)
        if options.get("private") and {mode << 5 for mode in modes} & OTHER_SCREEN and self.main is None:
            self.main = self.buffer, self.cursor
            self.buffer = type(self.buffer)(self.buffer.default_factory)
            self.cursor = pyte.screens.Cursor(self.cursor.x, self.cursor.y, self.cursor.attrs)
            self.dirty.update(range(self.lines))

    def reset_mode(self, *modes, **options):
        super().reset_mode(*modes, **options)
        if options.get("private") and {mode << 5 for mode in modes} & OTHER_SCREEN and self.main is not None:
            (self.buffer, self.cursor), self.main = self.main, None
            self.cursor.x, self.cursor.y = min(self.cursor.x, self.columns - 1), min(self.cursor.y, self.lines - 1)
            self.dirty.update(range(self.lines))

    def draw(self, data):
        super().draw(data)
        self.last = data[-1:] or self.last

    def repeat(self, count=1, **_):
        self.draw(self.last * (count or 1))

    def scroll(self, count, upwards):
        margins = self.margins or pyte.screens.Margins(0, self.lines - 1)
        place = self.cursor.x, self.cursor.y
        for _ in range(min(count or 1, self.lines)):
            self.cursor.y = margins.bottom if upwards else margins.top
            self.index() if upwards else self.reverse_index()
        self.cursor.x, self.cursor.y = place

    def scroll_up(self, count=1, **_):
        self.scroll(count, True)

    def scroll_down(self, count=1, **_):
        self.scroll(count, False)

    def save(self, *_, **__):
        self.save_cursor()

    def restore(self, *_, **__):
        self.restore_cursor()

    def row(self, row):
        cells = self.buffer[row]
        return "".join(cells[column].data for column in range(self.columns))


class Stream(pyte.Stream):
    more = {"b": "repeat", "S": "scroll_up", "T": "scroll_down", "s": "save", "u": "restore"}
    csi = dict(pyte.Stream.csi, **more)
    events = pyte.Stream.events | set(more.values())


def events(cast):
    """Time in milliseconds, kind and data."""
    lines = cast.splitlines()
    header = json.loads(lines[0])
    term = header.get("term") or {"cols": header["width"], "rows": header["height"]}
    yield 0, "r", f"{term['cols']}x{term['rows']}"
    at = 0
    for line in lines[1:]:
        if not line.startswith("["):
            continue
        time, kind, data = json.loads(line)[:3]
        time = round(time * 1000)
        at = at + time if header["version"] == 3 else time
        yield at, kind, data


class Watch:
    """Words that stood, and rows as they were at any time."""

    def __init__(self):
        self.screen = Screen(80, 24)
        self.stream = Stream(self.screen)
        self.stream.use_utf8 = False
        self.rows, self.full = set(), set()
        self.before, self.seen = set(), set()
        self.rest = ""

    def look(self):
        words = {word for row in range(self.screen.lines) for word in self.screen.row(row).split()}
        self.seen |= words & self.before
        self.before = words

    def output(self, text):
        text = UNKNOWN.sub("", self.rest + text)
        begun = BEGUN.search(text)
        self.rest = begun.group() if begun else ""
        for c in text[: len(text) - len(self.rest)]:
            self.stream.feed(c)
            self.note()

    def resize(self, size):
        cols, rows = map(int, size.split("x"))
        self.screen.resize(rows, cols)
        self.screen.dirty.update(range(rows))
        self.note()

    def note(self):
        for row in self.screen.dirty:
            if row < self.screen.lines:
                text = self.screen.row(row)
                self.rows.add(text.rstrip())
                if not text.endswith(" "):
                    self.full.add(text)
        self.screen.dirty.clear()

    def stood(self, word):
        """Whether it stood in a row, or began at the end of a full one and went on in others."""
        if any(word in row for row in self.rows):
            return True

        def goes_on(rest):
            if any(row.startswith(rest) for row in self.rows):
                return True
            return any(rest.startswith(row) and goes_on(rest[len(row) :]) for row in self.full)

        return any(
            row.endswith(word[:at]) and goes_on(word[at:]) for at in range(1, len(word)) for row in self.full
        )


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cast = file.read()
    with open(sys.argv[2], encoding="utf-8") as file:
        lines = [json.loads(line)["text"] for line in file]
    watch, next_look = Watch(), 0
    for at, kind, data in events(cast):
        while next_look < at:
            watch.look()
            next_look += EVERY
        if kind == "o":
            watch.output(data)
        elif kind == "r":
            watch.resize(data)
    watch.look()
    text = "\n".join(lines)
    told = {word for line in lines for word in line.split()}
    lost = sorted(word for word in watch.seen if word not in text)
    made_up = sorted(word for word in told if not watch.stood(word))
    print(json.dumps({"seen": len(watch.seen), "told": len(told), "lost": lost, "made_up": made_up}, ensure_ascii=False))


if __name__ == "__main__":
    main()
