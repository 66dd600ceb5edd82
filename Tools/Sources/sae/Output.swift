import Foundation
import SAEStudy

/// Figures for programs: snake case, keys in order; numbers that are not finite are the strings "nan",
/// "inf" and "-inf".
func jsonText(_ value: some Encodable) throws -> String {
  let encoder = StudyJSON.encoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// A text as one line that a terminal shows as it is: control characters, such as a line feed in a path, and
/// marks of direction are escaped.
func oneLine(_ text: some CustomStringConvertible) -> String {
  text.description.unicodeScalars.map { scalar in
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: scalar.escaped(asASCII: true)
    case 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: scalar.escaped(asASCII: true)
    default: String(scalar)
    }
  }.joined()
}

/// Names and what belongs to them, both to the left.
func pairs(_ rows: [(String, String)]) -> String {
  let width = rows.map(\.0.count).max() ?? 0
  return rows.map { name, value in
    name + String(repeating: " ", count: width + 2 - name.count) + value
  }.joined(separator: "\n")
}

/// "4096 × 768", or "scalar".
func dimensions(_ shape: [Int]) -> String {
  shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: " × ")
}

/// A size for people.
func size(_ bytes: Int) -> String {
  let units = ["bytes", "KB", "MB", "GB", "TB"]
  var value = Double(bytes)
  var unit = 0
  while value >= 1000, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  return unit == 0 ? "\(bytes) bytes" : String(format: "%.1f %@", value, units[unit])
}
