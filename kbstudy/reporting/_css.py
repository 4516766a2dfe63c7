"""The style sheet of the web page."""

from __future__ import annotations

from string import Template

from kbstudy.reporting import _look

__all__ = ["style"]

_SHEET = Template("""
:root { --serif: Charter, "Bitstream Charter", "Iowan Old Style", Cambria, Georgia, serif;
  --sans: "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: $ink; font: 1.0625rem/1.6 var(--serif); overflow-wrap: anywhere; }
header, nav, main, footer { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: $link; text-underline-offset: .15em; }
:focus-visible { outline: 3px solid $link; outline-offset: 2px; }
.skip { position: absolute; left: -100rem; background: #fff; padding: .6rem 1rem; z-index: 3; }
.skip:focus { left: .5rem; top: .5rem; }
.stamp { position: sticky; top: 0; z-index: 2; max-height: 25vh; overflow: auto; padding: .4rem 1.25rem;
  background: $stamp_ground; color: $stamp_ink; border-bottom: 1px solid $stamp_ink; text-align: center;
  font: 600 .875rem/1.4 var(--sans); letter-spacing: .12em; }
header { padding-top: 3.5rem; }
h1, h2, h3, h4, h5 { line-height: 1.25; font-weight: 600; text-wrap: balance; }
h1 { font-size: 2.1rem; margin: 0 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.5rem; margin: 3.25rem 0 .8rem; }
h3 { font-size: 1.2rem; margin: 2.25rem 0 .6rem; }
h4, h5 { font-size: 1.0625rem; margin: 1.75rem 0 .5rem; }
h5 { font-style: italic; font-weight: 400; }
p, ul, ol { margin: 0 0 1rem; }
ul, ol { padding-left: 1.5rem; }
li { margin-bottom: .3rem; }
code { font: .875em/1.4 "DejaVu Sans Mono", Consolas, Menlo, monospace; background: #f4f4f4; padding: .1em .25em; }
.subtitle { font-size: 1.15rem; color: $muted; margin: 0; }
.lead { font-size: 1.25rem; line-height: 1.5; }
.small, .notes { font-size: .875rem; line-height: 1.5; color: $muted; }
nav { margin-top: 2.25rem; font: .9375rem/1.5 var(--sans); }
nav h2 { margin: 0 0 .35rem; font: 600 .875rem var(--sans); color: $muted; }
nav ol { margin: 0; padding-left: 1.35rem; }
footer { margin-top: 4rem; margin-bottom: 3rem; font: .8125rem/1.5 var(--sans); color: $muted; }
footer::before { content: ""; display: block; border-top: 1px solid $pale; margin-bottom: 1rem; }
figure, .table { margin: 2.25rem 0; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption, caption { font: .875rem/1.5 var(--sans); text-align: left; }
figcaption { margin-top: .75rem; }
.scroll { overflow-x: auto; container-type: inline-size; }
main > section > .table > .scroll { background: linear-gradient(90deg, #fff 30%, #fff0) local,
  linear-gradient(270deg, #fff 30%, #fff0) right / 3rem 100% no-repeat local,
  linear-gradient(90deg, #0002, #0000) left / .8rem 100% no-repeat scroll,
  linear-gradient(270deg, #0002, #0000) right / .8rem 100% no-repeat scroll #fff; }
.scroll:focus-visible { outline-offset: 0; }
table { width: 100%; border-collapse: collapse; font: .84375rem/1.4 var(--sans); font-variant-numeric: lining-nums
  tabular-nums; border-bottom: 2px solid $ink; overflow-wrap: normal; }
caption { padding-bottom: .6rem; }
caption span { display: block; position: sticky; left: 0; max-width: 100cqi; overflow-wrap: anywhere; }
thead { border-top: 2px solid $ink; border-bottom: 1px solid $ink; }
th, td { padding: .32rem .6rem; text-align: left; vertical-align: baseline; font-weight: 400; }
th:first-child, td:first-child { padding-left: .15rem; }
thead th { font-weight: 600; vertical-align: bottom; }
thead th.spanner { text-align: center; padding-bottom: 0; }
.spanner span { display: block; border-bottom: 1px solid $muted; padding-bottom: .25rem; }
th[scope=row] { min-width: 7.5rem; }
.right { text-align: right; } .center { text-align: center; }
td.right, td.center { white-space: nowrap; }
.wordy { min-width: 12rem; }
@media (min-width: 48rem) { .terse { white-space: nowrap; } }
@media screen and (min-width: 56rem) { body { container-type: inline-size; }
  main > section > .crowded { width: min(64rem, 100cqi - 2.5rem);
    margin-left: calc(50% - min(32rem, 50cqi - 1.25rem)); } }
tr.group th { font-weight: 600; padding-top: .8rem; }
th.indent:first-child { padding-left: 1.25rem; }
.bold { font-weight: 600; }
.tag { display: inline-block; padding: .05rem .45rem; border-left: .2rem solid; font-weight: 600; }
.board td.left { vertical-align: baseline; }
@media (min-width: 80rem) { h2 + .board { width: 72rem; margin-left: calc(50% - 36rem); } }
@media (min-width: 44.01rem) { .board th:first-child { width: 34%; } }
.board td:nth-child(2), .board td:last-child { white-space: nowrap; }
@media screen and (max-width: 44rem) { .board table, .board caption, .board tbody { display: block; }
  .board thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .board tbody tr { display: grid; grid-template-columns: auto 1fr; padding: .7rem 0; border-top: 1px solid $pale;
    gap: .35rem .75rem; font-size: .9375rem; }
  .board tbody th, .board tbody td { padding: 0; min-width: 0; }
  .board tbody th, .board tbody td:nth-child(3) { grid-column: 1 / -1; }
  .board tbody td:nth-child(3) { grid-row: 3; }
  .board tbody td:last-child { align-self: center; color: $muted; }
  .board tbody td:last-child::before { content: attr(data-label) ": "; } }
.notes { margin-top: .6rem; font: .8125rem/1.5 var(--sans); } .notes p { margin: 0 0 .25rem; }
.card { margin: 1.75rem 0; padding: 1.1rem 1.25rem .25rem; border-left: .3rem solid; }
.card > * { color: $ink; }
.card .table, .card figure { margin: 1.25rem 0; }
.card .small, .card .notes { color: #474747; }
.card-title { font-weight: 600; margin-bottom: .5rem; }
.tone { display: block; font: 700 .8125rem/1.6 var(--sans); letter-spacing: .03em; }
$tones
.tag.no-evidence { border-left-style: dotted; }
@media (max-width: 30rem) { body { font-size: 1rem; } h1 { font-size: 1.7rem; } header { padding-top: 2rem; }
  .lead { font-size: 1.125rem; } .card { padding-left: .9rem; padding-right: .9rem; } }
@media print { body { font-size: 10.5pt; } .skip, nav { display: none; } .stamp { position: static; }
  header, main, footer { max-width: none; padding: 0; } .stamp + header { padding-top: 1rem; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; } h2, h3, h4, h5, caption, .card-title, tr.group { break-after: avoid; }
  tr, caption, figure, .card { break-inside: avoid; } thead { display: table-header-group; }
  thead + tbody > tr:nth-child(-n+2) { break-before: avoid; }
  .card, .stamp { -webkit-print-color-adjust: exact; print-color-adjust: exact; } p { orphans: 3; widows: 3; } }
@page { size: A4; margin: 22mm 20mm; @bottom-right { content: counter(page); font: 9pt sans-serif; }
  @top-center { content: $stamp; font: 600 9pt sans-serif; letter-spacing: .12em; color: $stamp_ink; } }
""")

_TONE = """.card.{name} {{ background: {tint.ground}; border-color: {tint.ink}; }}
.{name} > .card-title > .tone {{ color: {tint.ink}; }}
.tag.{name} {{ background: {tint.ground}; color: {tint.ink}; }}"""


def style(stamp: str) -> str:
    """The rules; ``stamp`` is repeated by them at the top of every printed page."""
    tones = [_TONE.format(name=tone.replace(" ", "-"), tint=tint) for tone, tint in _look.TONES.items()]
    colours = {"ink": _look.INK, "muted": _look.MUTED, "pale": _look.PALE, "link": _look.LINK}
    stamps = {"stamp": _string(stamp), "stamp_ink": _look.STAMP.ink, "stamp_ground": _look.STAMP.ground}
    return _SHEET.substitute(colours, **stamps, tones="\n".join(tones))


def _string(text: str) -> str:
    r"""A CSS string in which every character is an escape, so that nothing in it can end the string or the sheet.

    Examples
    --------
    >>> _string("A<")
    '"\\41 \\3c "'
    """
    return '"' + "".join(f"\\{ord(character):x} " for character in text) + '"'
