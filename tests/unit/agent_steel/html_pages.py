"""Reads the HTML pages of reports strictly, and says whether they fetch or run anything."""

from __future__ import annotations

from html.parser import HTMLParser

PNG = b"\x89PNG\r\n\x1a\n"
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order, and what it holds is kept."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data + " "

    def told(self) -> str:
        return " ".join(self.text.split())


def assert_self_contained(found: Page) -> None:
    """Nothing is fetched, nothing is run, and pictures say what they show."""
    tags = {tag for tag, _ in found.seen}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in found.seen:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("data:image/", "#"))
        if tag == "img":
            assert attributes["alt"]
    policies = [a.get("content") for t, a in found.seen if t == "meta" and "http-equiv" in a]
    assert len(policies) == 1 and (policies[0] or "").startswith("default-src 'none'")
