# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests measure in a page: boxes, overlaps and contrasts, computed in the browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_PARTS = """
selector => [...document.querySelectorAll(selector)].map(svg => {
  const box = svg.getBoundingClientRect();
  const part = mark => {
    const one = mark.getBoundingClientRect();
    return {kind: mark.getAttribute("class"), x: (one.x - box.x) / box.width, width: one.width / box.width};
  };
  return {width: box.width, parts: [...svg.querySelectorAll("rect:not(.track)")].map(part)};
})
"""

_OVERLAPS = """
([selector, within]) => {
  const labels = [...document.querySelectorAll(selector)].filter(label => label.textContent.trim());
  const boxes = labels.map(label => label.getBoundingClientRect());
  const found = [];
  labels.forEach((label, first) => {
    const one = boxes[first], frame = label.closest(within).getBoundingClientRect();
    if (one.left < frame.left - .5 || one.right > frame.right + .5 || one.bottom > frame.bottom + .5)
      found.push(`${label.textContent} leaves its frame`);
    for (let second = first + 1; second < labels.length; second++) {
      const other = boxes[second];
      if (Math.min(one.right, other.right) - Math.max(one.left, other.left) > .5
          && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > .5)
        found.push(`${label.textContent} / ${labels[second].textContent}`);
    }
  });
  return {labels: labels.length, found};
}
"""

_CONTRASTS = """
() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(value => value / 255)
    .map(value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [.2126, .7152, .0722][index], 0);
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.body.querySelectorAll("*")].filter(element =>
    !element.closest("svg, script") && element.checkVisibility()
    && [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return texts.map(element => {
    const [one, other] = [numbers(getComputedStyle(element).color), ground(element)].map(light);
    return {
      text: element.textContent.trim().slice(0, 40),
      ratio: (Math.max(one, other) + .05) / (Math.min(one, other) + .05),
    };
  });
}
"""

_STICKING_OUT = """
() => [...document.body.querySelectorAll("*")]
  .filter(element => !element.closest(".scroll, .skip, .away, svg, thead") && element.checkVisibility())
  .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + .5)
  .map(element => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 40)}`)
"""


def bars(page: Page, selector: str) -> list[dict[str, Any]]:
    """Return the drawn bars that a selector finds: their width in pixels, and their parts as shares of it."""
    found: list[dict[str, Any]] = page.evaluate(_PARTS, selector)
    return found


def overlaps(page: Page, selector: str, *, within: str) -> tuple[int, list[str]]:
    """Return how many labels a selector finds, and which of them meet each other or leave their frame."""
    found = page.evaluate(_OVERLAPS, [selector, within])
    return found["labels"], found["found"]


def contrasts(page: Page) -> list[dict[str, Any]]:
    """Return every visible text with the contrast to what is behind it."""
    found: list[dict[str, Any]] = page.evaluate(_CONTRASTS)
    return found


def sticking_out(page: Page) -> list[str]:
    """Return what reaches beyond the right edge of the window, other than what scrolls in its own frame."""
    found: list[str] = page.evaluate(_STICKING_OUT)
    return found


def unfold(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
