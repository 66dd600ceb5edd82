import Foundation

/// A quality over L0: one line per series, one point with its interval per setting. Drawn as SVG.
struct ScatterChart {
  struct Point {
    var x: Double
    var y: Double
    /// Half of the interval, if there is one.
    var margin: Double?
    /// Trainings that the point is the mean of.
    var members: [(x: Double, y: Double)] = []
    /// The text that is shown when it is pointed at.
    var details: String

    /// All heights that it takes up.
    fileprivate var reach: [Double] {
      let margin = margin ?? 0
      return [y, y - margin, y + margin] + members.map(\.y)
    }
  }

  struct Series {
    /// Decides the color.
    var arm: StudyArm
    /// 0 for the narrowest dictionaries: decides the mark and the dashes.
    var rank: Int
    var points: [Point]
  }

  var title: String
  var xTitle = "L0 – active latents per token (logarithmic)"
  var yTitle: String
  var series: [Series]

  private let width = 520.0
  private let height = 340.0
  private let left = 58.0
  private let right = 14.0
  private let top = 14.0
  private let bottom = 46.0

  /// The chart as markup; nothing without points.
  func svg() -> String {
    let points = series.flatMap(\.points)
    let allX: [Double] = points.flatMap { point in [point.x] + point.members.map(\.x) }
    let xs = allX.filter { $0 > 0 && $0.isFinite }
    let ys = points.flatMap(\.reach).filter(\.isFinite)
    guard let lowX = xs.min(), let highX = xs.max(), let lowY = ys.min(), let highY = ys.max()
    else { return "" }
    let padX = max(0.05, 0.06 * log(highX / lowX))
    let (fromX, toX) = (log(lowX) - padX, log(highX) + padX)
    let ticksY = ScatterChart.ticks(lowY, highY)
    let (fromY, toY) = (min(lowY, ticksY[0]), max(highY, ticksY[ticksY.count - 1]))
    let perX = (width - left - right) / (toX - fromX)
    let perY = (height - top - bottom) / max(toY - fromY, 1e-12)
    func x(_ value: Double) -> Double { left + (log(value) - fromX) * perX }
    func y(_ value: Double) -> Double { top + (toY - value) * perY }
    var parts = grid(ticksY, fromX: fromX, toX: toX, x: x, y: y)
    for one in series { parts += draw(one, x: x, y: y) }
    return """
      <figure><figcaption>\(HTML.escape(title))</figcaption>\
      <svg class="chart" viewBox="0 0 \(format(width)) \(format(height))" role="img" \
      aria-label="\(HTML.escape(title))">
      \(parts.joined(separator: "\n"))
      </svg></figure>
      """
  }

  private func grid(
    _ ticksY: [Double], fromX: Double, toX: Double, x: (Double) -> Double, y: (Double) -> Double
  ) -> [String] {
    var parts: [String] = []
    let digits = ScatterChart.digits(ticksY)
    for tick in ticksY {
      parts.append(
        """
        <line class="grid" x1="\(format(left))" x2="\(format(width - right))" \
        y1="\(format(y(tick)))" y2="\(format(y(tick)))"/>\
        <text class="tick" x="\(format(left - 8))" y="\(format(y(tick) + 4))" \
        text-anchor="end">\(HTML.number(tick, digits))</text>
        """)
    }
    for tick in ScatterChart.logarithmicTicks(exp(fromX), exp(toX)) {
      let label = tick < 1 ? HTML.number(tick, 1) : HTML.count(Int(tick))
      parts.append(
        """
        <line class="grid" x1="\(format(x(tick)))" x2="\(format(x(tick)))" y1="\(format(top))" \
        y2="\(format(height - bottom))"/>\
        <text class="tick" x="\(format(x(tick)))" y="\(format(height - bottom + 18))" \
        text-anchor="middle">\(label)</text>
        """)
    }
    parts.append(
      """
      <text class="axis" x="\(format((left + width - right) / 2))" y="\(format(height - 8))" \
      text-anchor="middle">\(HTML.escape(xTitle))</text>\
      <text class="axis" transform="translate(14 \(format((top + height - bottom) / 2))) \
      rotate(-90)" text-anchor="middle">\(HTML.escape(yTitle))</text>
      """)
    return parts
  }

  private func draw(
    _ series: Series, x: (Double) -> Double, y: (Double) -> Double
  ) -> [String] {
    let points = series.points.filter { $0.x > 0 && $0.x.isFinite && $0.y.isFinite }
      .sorted { $0.x < $1.x }
    let path = points.map { "\(format(x($0.x))),\(format(y($0.y)))" }.joined(separator: " ")
    var parts = [
      "<polyline class=\"line \(series.arm.rawValue) rank\(series.rank)\" points=\"\(path)\"/>"
    ]
    for point in points {
      for member in point.members where member.x > 0 && member.x.isFinite && member.y.isFinite {
        parts.append(
          """
          <circle class="member \(series.arm.rawValue)" cx="\(format(x(member.x)))" \
          cy="\(format(y(member.y)))" r="2"/>
          """)
      }
      if let margin = point.margin, margin.isFinite {
        parts.append(
          """
          <line class="whisker \(series.arm.rawValue)" x1="\(format(x(point.x)))" \
          x2="\(format(x(point.x)))" y1="\(format(y(point.y - margin)))" \
          y2="\(format(y(point.y + margin)))"/>
          """)
      }
      parts.append(mark(series, x(point.x), y(point.y), point.details))
    }
    return parts
  }

  /// A mark with the text that is shown when it is pointed at; the circle around it is easier to hit.
  private func mark(_ series: Series, _ x: Double, _ y: Double, _ details: String) -> String {
    let arm = series.arm.rawValue
    let shape =
      switch series.rank % 3 {
      case 0: "<circle class=\"mark \(arm)\" cx=\"\(format(x))\" cy=\"\(format(y))\" r=\"5\"/>"
      case 1:
        """
        <rect class="mark \(arm)" x="\(format(x - 4.5))" y="\(format(y - 4.5))" width="9" height="9"/>
        """
      default:
        """
        <path class="mark \(arm)" d="M\(format(x)) \(format(y - 6))l6 10h-12z"/>
        """
      }
    return """
      <g class="point" tabindex="0" data-tip="\(HTML.escape(details))">\(shape)\
      <circle class="hit" cx="\(format(x))" cy="\(format(y))" r="12"/>\
      <title>\(HTML.escape(details))</title></g>
      """
  }

  private func format(_ value: Double) -> String { String(format: "%.1f", value) }

  /// Four to eight round numbers around a range.
  static func ticks(_ low: Double, _ high: Double) -> [Double] {
    guard (high - low).isFinite else { return [0, 1] }
    // Less than that is not drawn apart.
    let span = max(high - low, 1e-6, 1e-12 * abs(low))
    let raw = span / 5
    let unit = pow(10, floor(log10(raw)))
    let step = [1, 2, 2.5, 5, 10].map { $0 * unit }.first { $0 >= raw } ?? 10 * unit
    let first = floor(low / step) * step
    let count = Int(((high - first) / step).rounded(.up)) + 1
    return (0..<max(2, count)).map { first + Double($0) * step }
  }

  /// Digits after the point that tell ticks apart.
  static func digits(_ ticks: [Double]) -> Int {
    guard ticks.count > 1 else { return 2 }
    let step = abs(ticks[1] - ticks[0])
    for digits in 0...6 {
      let scaled = step * pow(10, Double(digits))
      if abs(scaled - scaled.rounded()) < 1e-6 { return digits }
    }
    return 6
  }

  /// 1, 2, 5, 10 … that lie in a range.
  static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    (-1...7).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }
      .filter { $0 >= low && $0 <= high }
  }
}
