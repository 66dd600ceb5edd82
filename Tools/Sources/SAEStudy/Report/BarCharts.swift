import Foundation

/// Stacked bars: the unexplained variance, in parts.
struct StackedBars {
  struct Bar {
    var label: String
    var arm: StudyArm
    /// The linear and the nonlinear part.
    var parts: [Double]
    /// Half of each part's interval, where there is one.
    var margins: [Double?] = []
  }

  var title: String
  var partNames: [String]
  var bars: [Bar]

  func svg() -> String {
    let bars = bars.filter { $0.parts.allSatisfy(\.isFinite) }
    let totals = bars.map { $0.parts.reduce(0) { $0 + max(0, $1) } }
    guard let largest = totals.max(), largest > 0 else { return "" }
    let (width, rowHeight, left, right) = (520.0, 30.0, 128.0, 74.0)
    let height = Double(bars.count) * rowHeight + 8
    var parts: [String] = []
    for (index, bar) in bars.enumerated() {
      let y = Double(index) * rowHeight + 4
      parts.append(
        """
        <text class="tick" x="\(left - 8)" y="\(y + 16)" text-anchor="end">\
        \(HTML.escape(bar.label))</text>
        """)
      var x = left
      for (part, value) in bar.parts.enumerated() {
        let length = max(0, value) / largest * (width - left - right)
        let margin = bar.margins.indices.contains(part) ? bar.margins[part] : nil
        let interval = margin.map { " (± \(HTML.number(100 * $0, 1)) points)" } ?? ""
        let tip =
          "\(bar.label): \(partNames[part]) \(HTML.percent(value, 1)) of the variance\(interval)"
        parts.append(
          """
          <rect class="bar \(bar.arm.rawValue) part\(part)" x="\(format(x))" y="\(format(y))" \
          width="\(format(length))" height="22" tabindex="0" data-tip="\(HTML.escape(tip))">\
          <title>\(HTML.escape(tip))</title></rect>
          """)
        x += length
      }
      parts.append(
        """
        <text class="tick" x="\(format(x + 6))" y="\(y + 16)">\
        \(HTML.percent(totals[index], 1))</text>
        """)
    }
    return """
      <figure><figcaption>\(HTML.escape(title))</figcaption>\
      <svg class="chart" viewBox="0 0 \(format(width)) \(format(height))" role="img" \
      aria-label="\(HTML.escape(title))">
      \(parts.joined(separator: "\n"))
      </svg></figure>
      """
  }

  private func format(_ value: Double) -> String { String(format: "%.1f", value) }
}

/// How many latents fire how often.
struct DensityHistogram {
  var title: String
  var arm: StudyArm
  /// Latents in each bin of ``AutoencoderMeasurement/densityEdges``.
  var counts: [Int]
  /// Of the axis, so that several can be compared.
  var largest: Int

  func svg() -> String {
    guard largest > 0, !counts.isEmpty else { return "" }
    let (width, height, bottom) = (340.0, 150.0, 34.0)
    let step = (width - 20) / Double(counts.count)
    let edges = AutoencoderMeasurement.densityEdges
    var parts: [String] = []
    for (index, count) in counts.enumerated() where count > 0 {
      let length = max(1, Double(count) / Double(largest) * (height - bottom - 8))
      let tip =
        "\(HTML.count(count)) latents fire on 10^\(HTML.number(edges[index], 2)) to "
        + "10^\(HTML.number(edges[index + 1], 2)) of the tokens"
      parts.append(
        """
        <rect class="bar \(arm.rawValue)" x="\(format(10 + Double(index) * step + 0.5))" \
        y="\(format(height - bottom - length))" width="\(format(step - 1))" \
        height="\(format(length))" tabindex="0" data-tip="\(tip)"><title>\(tip)</title></rect>
        """)
    }
    parts.append(
      """
      <line class="base" x1="10" x2="\(format(width - 10))" y1="\(format(height - bottom))" \
      y2="\(format(height - bottom))"/>
      """)
    for (power, label) in [(-4, "0.01 %"), (-2, "1 %"), (0, "100 %")] {
      let x = 10 + Double(power + 5) / 5 * (width - 20)
      let anchor = power == 0 ? "end" : "middle"
      parts.append(
        """
        <text class="tick" x="\(format(x))" y="\(format(height - bottom + 16))" \
        text-anchor="\(anchor)">\(label)</text>
        """)
    }
    return """
      <figure><figcaption>\(HTML.escape(title))</figcaption>\
      <svg class="chart" viewBox="0 0 \(format(width)) \(format(height))" role="img" \
      aria-label="\(HTML.escape(title))">
      \(parts.joined(separator: "\n"))
      </svg></figure>
      """
  }

  private func format(_ value: Double) -> String { String(format: "%.1f", value) }
}
