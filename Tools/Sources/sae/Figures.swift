import Foundation

/// A number with a fixed count of digits after the point; "–" for none. A number that would then read 0,
/// or have too many digits, has three significant digits and an exponent.
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

/// A number of any size, such as a norm or an error: as ``fixed(_:_:)``, or with more digits after the
/// point, so that three are significant; smaller ones than 0.0001 have an exponent.
func measured(_ value: Double?, _ digits: Int) -> String {
  guard let value, value.isFinite, value != 0, abs(value) < pow(10, 2 - Double(digits)) else {
    return fixed(value, digits)
  }
  guard abs(value) >= 1e-4 else { return String(format: "%.2e", value) }
  return fixed(value, 2 - Int(log10(abs(value)).rounded(.down)))
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
