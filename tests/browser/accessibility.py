"""Checks of a page's accessibility, to be evaluated in the page: each gives a list of complaints.

They hold what a checker can hold: names, order, contrast. Whether a name says the right thing is
for people.
"""

from __future__ import annotations

__all__ = ["CONTRASTS", "NAMELESS", "STRUCTURE"]

NAMELESS = """(() => {
  const named = (e) => (e.getAttribute('aria-label') || '').trim()
    || [...(e.labels || [])].some((l) => l.textContent.trim())
    || (e.getAttribute('aria-labelledby') || '').split(' ')
         .some((id) => document.getElementById(id)?.textContent.trim())
    || e.textContent.trim();
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, nav, '
      + '[role=region], form, section')]
    .filter((e) => e.type !== 'hidden' && !e.closest('[aria-hidden=true]') && !named(e))
    .map((e) => e.outerHTML.slice(0, 120));
})()"""
"""Controls, links and landmarks without a name."""

STRUCTURE = """(() => {
  const faults = [];
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1]);
  if (levels.filter((l) => l === 1).length !== 1) faults.push('not one h1');
  levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) faults.push(`h${l} at ${i}`); });
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main');
  for (const e of document.querySelectorAll('[tabindex]'))
    if (e.tabIndex > 0) faults.push('a positive tabindex');
  for (const t of document.querySelectorAll('table')) {
    if (!t.caption) faults.push('a table without a caption');
    if (!t.querySelector('th')) faults.push('a table without headings');
  }
  const navs = [...document.querySelectorAll('nav')].map((n) => n.getAttribute('aria-label'));
  if (new Set(navs).size !== navs.length) faults.push('two navigations of one name');
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) faults.push('an id twice');
  for (const e of document.querySelectorAll('[aria-labelledby]'))
    for (const id of e.getAttribute('aria-labelledby').split(' '))
      if (!document.getElementById(id)) faults.push(`nothing is called ${id}`);
  if (document.documentElement.lang !== 'en') faults.push('no language');
  return faults;
})()"""
"""Headings out of order, tables without captions, identifiers that clash."""

CONTRASTS = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {  // whatever way of writing a colour the browser computes
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const behind = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement)
      layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(e) || !e.checkVisibility()) continue;
    if (e.closest('svg, script, option, .unseen')) continue;
    seen.add(e);
    const style = getComputedStyle(e), ground = behind(e);
    const ink = over(rgba(style.color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.66 && +style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5))
      faults.push(`${ratio.toFixed(2)} ${e.className || e.tagName} ${e.textContent.slice(0, 40)}`);
  }
  return faults;
})()"""
"""Texts that stand out too little from what is behind them.

Source: WCAG 2.2, success criterion 1.4.3: 4.5 to 1, and 3 to 1 for large text.
"""
