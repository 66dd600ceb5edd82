import Foundation

/// A number, list or truth value as the fixtures write them; `null` is "undefined".
enum JSONValue: Decodable, Sendable, Equatable {
  case undefined
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .undefined
    } else if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let list = try? container.decode([JSONValue].self) {
      self = .list(list)
    } else if let text = try? container.decode(String.self) {
      switch text {
      case "nan": self = .number(.nan)
      case "inf": self = .number(.infinity)
      case "-inf": self = .number(-.infinity)
      default: self = .text(text)
      }
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var integer: Int? { number.flatMap { Int(exactly: $0) } }
  var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }
  var integers: [Int]? { list?.compactMap(\.integer) }
  var numbers: [Double]? { list?.compactMap(\.number) }
  var flag: Bool? { if case .flag(let value) = self { value } else { nil } }

  /// Whether this passes for `expected`: |got − expected| ≤ absolute + relative · |expected|.
  func matches(_ expected: JSONValue, relative: Double, absolute: Double) -> Bool {
    switch (self, expected) {
    case (.number(let got), .number(let wanted)):
      if wanted.isNaN || got.isNaN { return wanted.isNaN && got.isNaN }
      if wanted.isInfinite { return got == wanted }
      return abs(got - wanted) <= absolute + relative * abs(wanted)
    case (.list(let got), .list(let wanted)):
      return got.count == wanted.count
        && zip(got, wanted).allSatisfy {
          $0.matches($1, relative: relative, absolute: absolute)
        }
    default: return self == expected
    }
  }
}

/// What a metric can give.
protocol Measured { var json: JSONValue { get } }

/// The answer to a name that a suite does not know.
struct Unmeasured: Measured { var json: JSONValue { .text("unmeasured") } }

extension Double: Measured { var json: JSONValue { .number(self) } }
extension Int: Measured { var json: JSONValue { .number(Double(self)) } }
extension Bool: Measured { var json: JSONValue { .flag(self) } }
extension JSONValue: Measured { var json: JSONValue { self } }
extension Optional: Measured where Wrapped: Measured {
  var json: JSONValue { self?.json ?? .undefined }
}
extension Array: Measured where Element: Measured {
  var json: JSONValue { .list(map(\.json)) }
}
