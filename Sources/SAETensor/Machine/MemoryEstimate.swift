import Foundation

/// The memory that something takes at least, computed from sizes before any of it is taken.
///
/// Memory that is certainly held at one time is counted, in parts with names; memory that comes and goes
/// beside it is not. So anything that does not fit by an estimate does not fit. Sums and products that no
/// `Int` can hold count as the largest.
public struct MemoryEstimate: Sendable, Equatable {
  /// Something that takes memory.
  public struct Part: Sendable, Equatable {
    /// Its name, such as "parameters".
    public let name: String
    /// Its bytes.
    public fileprivate(set) var bytes: Int
  }

  /// The parts, in the order in which they were added.
  public private(set) var parts: [Part] = []

  /// An estimate of nothing.
  public init() {}

  /// Bytes of all parts.
  public var bytes: Int { parts.reduce(0) { MemoryEstimate.sum($0, $1.bytes) } }

  /// Adds to the part of a name, which is made if it is not there.
  public mutating func add(_ name: String, bytes: Int) {
    if let index = parts.firstIndex(where: { $0.name == name }) {
      parts[index].bytes = MemoryEstimate.sum(parts[index].bytes, bytes)
    } else {
      parts.append(Part(name: name, bytes: bytes))
    }
  }

  /// Adds so many floats, given as factors, to the part of a name.
  public mutating func add(_ name: String, floats factors: Int...) {
    add(name, bytes: factors.reduce(MemoryLayout<Float>.size) { MemoryEstimate.product($0, $1) })
  }

  /// Adds all parts of another estimate.
  public mutating func add(_ other: MemoryEstimate) {
    for part in other.parts { add(part.name, bytes: part.bytes) }
  }

  /// Throws unless there is memory enough.
  ///
  /// - Parameters:
  ///   - subject: the thing that takes the memory, for the message.
  ///   - available: bytes.
  /// - Throws: ``OptionError`` of the subject, with the parts.
  public func check(
    _ subject: String, available: Int = Machine.memory
  ) throws(OptionError) {
    guard bytes > available else { return }
    let parts = parts.filter { $0.bytes > 0 }.map { "\($0.name) \(Self.gibibytes($0.bytes))" }
    throw OptionError(
      subject,
      expected: "at most \(Self.gibibytes(available)) GiB of memory, which this process may have",
      found: "a need of at least \(Self.gibibytes(bytes)) GiB"
        + (parts.count > 1 ? " (\(parts.joined(separator: ", ")))" : ""))
  }

  /// With one digit after the point, and "over" where the number does not fit an `Int`.
  private static func gibibytes(_ bytes: Int) -> String {
    (bytes == .max ? "over " : "") + String(format: "%.1f", Double(bytes) / Double(1 << 30))
  }

  package static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflows) = a.addingReportingOverflow(b)
    return overflows ? .max : sum
  }

  package static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflows) = a.multipliedReportingOverflow(by: b)
    return overflows ? .max : product
  }
}
