import Foundation
import SAECore

extension Data {
  /// A quarter of the attempts cut the end off, the others change a byte.
  func damaged(_ attempt: Int, _ generator: inout RandomGenerator) -> Data {
    if attempt % 4 == 0 { return prefix(generator.index(below: count)) }
    var bad = self
    bad[generator.index(below: count)] ^= UInt8(1 + generator.index(below: 255))
    return bad
  }
}
