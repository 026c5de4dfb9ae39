"""How a report looks on paper: the Typst source, in which every text is a string of the data."""

PAGE = r"""
#let data = json(bytes(sys.inputs.data))
#let day = if data.first > 0 { datetime(year: 2000, month: 1, day: 1) } else { none }
#set document(title: data.title, author: "Kimi Docs", date: day)
#set page(paper: "a4", margin: (x: 2.2cm, y: 2.4cm), footer: context align(center, text(size: 8pt, fill: luma(90),
  if data.first > 0 { counter(page).display("1") } else { counter(page).display("1 / 1", both: true) })))
#if data.first > 0 { counter(page).update(data.first) }
#set text(font: "Noto Sans SC", size: 10pt, lang: data.language, region: data.region, hyphenate: false, ligatures: false)
#set par(leading: 0.75em, spacing: 0.9em, justify: false)
#show heading: set text(fill: rgb("#1f3a5f"), weight: "regular")
#show heading: set block(above: 1.4em, below: 0.8em)
#show heading.where(level: 1): set text(size: 18pt)
#show heading.where(level: 2): set text(size: 13.5pt)
#show heading.where(level: 3): set text(size: 11.5pt)

// A text is a string, or an array of strings and of pieces that stay on one line.
#let told(it) = if type(it) == str { it } else { for piece in it { if type(piece) == str { piece } else { box(piece.first()) } } }

#let colours = (verified: luma(90), silent: luma(90), close: rgb("#8a5a00"), unverified: rgb("#b00020"))
#let whole(it, body) = block(breakable: it.long, width: 100%, body)
#let pairs(rows) = table(columns: (auto, 1fr), stroke: none, inset: (x: 4pt, y: 3pt),
  ..rows.map(row => (text(fill: luma(90), told(row.at(0))), told(row.at(1)))).flatten())

#let cited(number) = {
  let mark = "[" + str(number) + "]"
  let here = data.here.len() > 0 and data.here.first() <= number and number <= data.here.last()
  if here { link(label("s" + str(number)), mark) } else { mark }
}

#for it in data.blocks {
  if it.kind == "heading" { heading(level: it.level, told(it.text)) }
  else if it.kind == "caution" {
    block(fill: rgb("#fff2cc"), inset: 6pt, width: 100%, breakable: false, told(it.text))
  }
  else if it.kind == "facts" { pairs(it.rows) }
  else if it.kind == "remark" { whole(it, text(fill: luma(60), told(it.text))) }
  else if it.kind == "claim" {
    whole(it, grid(columns: (1.2em, 1fr), [•], {
      told(it.text)
      for number in it.numbers { " "; cited(number) }
      if it.mark != "" { " "; text(fill: colours.at(it.standing), it.mark) }
    }))
  }
  else if it.kind == "sources" {
    for row in it.rows {
      [#whole(row, grid(columns: (2.6em, 1fr), [#row.number.], text(size: 9pt, fill:
        if row.standing == "verified" { black } else { colours.at(row.standing) }, told(row.text))))
      #label("s" + str(row.number))]
    }
  }
  else if it.kind == "pages" {
    table(columns: (1fr, auto, auto), stroke: 0.4pt + luma(190), inset: 4pt, align: (left, left, right),
      table.header(..it.head), ..it.rows.map(row => (told(row.at(0)), row.at(1), row.at(2))).flatten())
  }
}
"""
