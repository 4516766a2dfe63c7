"""The Typst functions that lay out the printed report. Python hands them text as string literals, never as markup."""

from __future__ import annotations

from string import Template

from kbstudy.reporting import _look
from kbstudy.reporting._look import tone_word

__all__ = ["preamble"]

_TABLE_PT = 9.0

_PREAMBLE = Template(r"""
#let ink = rgb("$ink")
#let muted = rgb("$muted")
#let tones = ($tones)

#let one-line(body) = block(height: 1.4em, clip: true, {
  set text(top-edge: "ascender", bottom-edge: "descender")
  body
})

#let report(title: "", subtitle: "", stamp: "", footer: "", body) = {
  set document(title: title, author: "kbstudy")
  set text(font: "Libertinus Serif", size: 10.5pt, lang: "en", fill: ink, number-type: "lining")
  set par(justify: true, leading: 0.66em, spacing: 1.05em)
  set page(
    paper: "a4",
    margin: (x: 22mm, top: 27mm, bottom: 25mm),
    header: {
      set text(size: 8.5pt, fill: muted)
      set par(justify: false)
      let words = if stamp != "" { box(fill: rgb("$stamp_ground"), outset: (y: 3pt), inset: (x: 6pt),
        text(fill: rgb("$stamp_ink"), weight: "bold", stamp)) }
      let running = context if counter(page).get().first() > 1 { one-line(title) }
      grid(columns: (1fr, auto), column-gutter: 1em, running, words)
    },
    footer: {
      set text(size: 8.5pt, fill: muted)
      set par(justify: false)
      let page-number = context [Page #counter(page).display() of #counter(page).final().first()]
      grid(columns: (1fr, auto), column-gutter: 2em, block(height: 2.5em, clip: true, footer), page-number)
    },
  )
  set list(indent: 0.4em, spacing: 0.75em, tight: false)
  set enum(indent: 0.4em, spacing: 0.75em, tight: false)
  show raw: set text(font: "DejaVu Sans Mono", size: 1em)
  show heading: set par(justify: false)
  show heading: set text(hyphenate: false)
  show heading.where(level: 1): set text(size: 15pt)
  show heading.where(level: 2): set text(size: 12pt)
  show heading.where(level: 3): set text(size: 10.5pt)
  show heading.where(level: 4): set text(size: 10.5pt, style: "italic", weight: "regular")
  show heading.where(level: 1): set block(above: 2em, below: 0.9em)
  show heading.where(level: 2): set block(above: 1.7em, below: 0.8em)
  show figure: set block(above: 1.8em, below: 1.8em)
  show figure.where(kind: table): set block(breakable: true)
  show figure.where(kind: table): set figure.caption(position: top)
  show figure.caption: it => block(width: 100%, sticky: it.position == top, {
    set align(left)
    set par(justify: false)
    set text(size: 9.5pt)
    [*#it.supplement #context it.counter.display(it.numbering).* #it.body]
  })
  show std.title: set text(size: 21pt, hyphenate: false)
  show std.title: set block(below: 0.75em)
  show std.title: set par(justify: false, leading: 0.5em)
  std.title()
  if subtitle != "" { par(justify: false, text(size: 12pt, fill: muted, subtitle)) }
  v(1.2em)
  body
}

#let lead(body) = par(justify: false, text(size: 12.5pt, body))
#let small(body) = text(size: 9pt, fill: muted, par(body))

#let picture(number, caption, file, alt, width) = figure(
  kind: image, supplement: "Figure", numbering: (..n) => number, caption: caption, gap: 0.9em,
  layout(space => {
    let drawn = image(file, alt: alt, width: calc.min(width, space.width))
    if measure(drawn).height < 195mm { drawn } else { image(file, alt: alt, height: 195mm) }
  }),
)

#let spanner(span, body) = table.cell(colspan: span, align: center + bottom, inset: (bottom: 0.1em),
  stack(spacing: 0.36em, body, line(length: 100%, stroke: 0.4pt)))
#let group(span, body) = table.header(
  level: 2, repeat: false, table.cell(colspan: span, align: left, inset: (top: 0.75em), strong(body)))

#let tabular(number, caption, columns, align, scale, breaks, repeat, header, rows, notes) = figure(
  kind: table, supplement: "Table", numbering: (..n) => number, caption: caption, gap: 0.75em,
  block(breakable: breaks, {
    set text(size: $table_pt * scale * 1pt, hyphenate: false, number-width: "tabular")
    set par(justify: false, leading: 0.5em, spacing: 0.5em)
    set table.cell(breakable: false)
    show table: set block(below: 0.65em)
    let top = (table.hline(stroke: 0.9pt), ..header)
    if header.len() > 0 { top.push(table.hline(stroke: 0.5pt)) }
    if repeat { top = (table.header(..top),) }
    table(columns: columns, align: align, stroke: none, inset: (x: 0.5em, y: 0.36em),
      ..top, ..rows, table.hline(stroke: 0.9pt))
    if notes.len() > 0 {
      set text(size: 8.5pt, fill: muted)
      set std.align(left)
      block(above: 0.65em, notes.map(note => par(note)).join())
    }
  }),
)

#let card(tone, title, body) = {
  let (word, tint, ground) = tones.at(tone)
  block(width: 100%, fill: ground, stroke: (left: 3pt + tint), inset: (x: 1.1em, y: 0.95em),
    above: 1.6em, below: 1.6em, {
    show figure: set block(above: 1.2em, below: 1.2em)
    block(sticky: true, below: 0.65em, text(size: 9pt, weight: "bold", fill: tint, word))
    block(sticky: true, above: 0em, below: 0.8em, strong(title))
    body
  })
}
""")


def preamble() -> str:
    """The definitions that stand before the content."""
    tones = [
        f'"{tone}": ("{tone_word(tone)}", rgb("{tint.ink}"), rgb("{tint.ground}"))'
        for tone, tint in _look.TONES.items()
    ]
    return _PREAMBLE.substitute(
        ink=_look.INK,
        muted=_look.MUTED,
        tones=", ".join(tones),
        stamp_ink=_look.STAMP.ink,
        stamp_ground=_look.STAMP.ground,
        table_pt=_TABLE_PT,
    )
