import Foundation

/// Text that stands in a page as text, whatever it holds.
enum HTML {
  /// For text and for attributes in double quotes.
  static func escape(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // A page cannot hold these at all.
      case "\0"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// JSON that may stand inside a script element: nothing in it can end the element or begin a
  /// comment.
  static func script(_ json: Data) -> String {
    var result = ""
    for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "<": result += "\\u003c"
      case ">": result += "\\u003e"
      case "&": result += "\\u0026"
      case "\u{2028}": result += "\\u2028"
      case "\u{2029}": result += "\\u2029"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A number with a fixed count of digits after the point, with a true minus; "–" for none.
  static func number(_ value: Double?, _ digits: Int, sign: Bool = false) -> String {
    guard let value, value.isFinite else { return "–" }
    let text = String(format: "%.\(digits)f", abs(value))
    let isZero = !text.contains { $0 != "0" && $0 != "." }
    if value < 0, !isZero { return "−\(text)" }
    return sign && !isZero ? "+\(text)" : text
  }

  static func percent(_ value: Double?, _ digits: Int = 0) -> String {
    guard let value, value.isFinite else { return "–" }
    return number(100 * value, digits) + "\u{A0}%"
  }

  /// A whole number with narrow spaces between thousands.
  static func count(_ value: Int) -> String {
    let digits = String(abs(value))
    var result = value < 0 ? "−" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result += "\u{202F}" }
      result.append(digit)
    }
    return result
  }

  /// A mean with its interval.
  static func estimate(_ value: SeedEstimate?, _ digits: Int, sign: Bool = false) -> String {
    guard let value else { return "–" }
    let mean = number(value.mean, digits, sign: sign)
    return value.margin.map { "\(mean) ± \(number($0, digits))" } ?? mean
  }

  /// A mean with its interval, for a table: as markup.
  static func cell(
    _ value: SeedEstimate?, _ digits: Int, sign: Bool = false, unit: String = ""
  ) -> String {
    guard let value else { return "–" }
    let margin =
      value.margin.map { " <span class=\"pm\">± \(number($0, digits))</span>" } ?? ""
    return number(value.mean, digits, sign: sign) + margin + unit
  }

  /// A table; cells are markup.
  static func table(
    _ head: [String], _ rows: [[String]], classes: String = "", caption: String? = nil
  ) -> String {
    let heading = head.map { "<th scope=\"col\">\($0)</th>" }.joined()
    let body = rows.map { row in
      "<tr>" + row.map { "<td>\($0)</td>" }.joined() + "</tr>"
    }.joined(separator: "\n")
    return """
      <div class="scroll"><table class="\(classes)">\
      \(caption.map { "<caption>\($0)</caption>" } ?? "")\
      <thead><tr>\(heading)</tr></thead><tbody>
      \(body)
      </tbody></table></div>
      """
  }
}
