import Foundation

extension Float {
  /// eˣ, in double and rounded once.
  static func exponential(of value: Float) -> Float { Float(exp(Double(value))) }
}
