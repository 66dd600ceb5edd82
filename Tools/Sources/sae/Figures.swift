import Foundation

/// A number with a fixed count of digits after the point; "–" for none. What that would show as 0 or as
/// a row of digits nobody reads has three significant digits and an exponent.
func fixed(_ value: Double?, _ digits: Int) -> String {
  guard let value else { return "–" }
  guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-infinity" : "infinity" }
  let size = abs(value)
  // Half of the last digit is rounded to it.
  if size > 0, size < 0.5 * pow(10, -Double(digits)) || size >= 1e9 {
    return String(format: "%.2e", value)
  }
  return String(format: "%.\(digits)f", value)
}

/// A whole number with spaces between thousands.
func grouped(_ value: Double) -> String {
  guard abs(value) < 1e15 else { return fixed(value, 0) }
  let digits = String(Int(abs(value).rounded()))
  var result = value <= -0.5 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { result += " " }
    result.append(digit)
  }
  return result
}

/// A count for people; "–" for none.
func count(_ value: Int?) -> String { value.map { grouped(Double($0)) } ?? "–" }
