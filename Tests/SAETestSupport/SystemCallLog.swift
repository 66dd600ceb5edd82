#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
package import SAEFormats
import SAETensor

/// What calls to the system were made, and which of them fails.
package final class SystemCallLog: Sendable {
  private let calls = Guarded<[(SystemCall.Operation, String)]>([])
  private let failing: Int?
  private let code: Int32

  private init(failing: Int?, code: Int32) {
    self.failing = failing
    self.code = code
  }

  private func note(_ operation: SystemCall.Operation, _ name: String) -> Int32? {
    calls.withLock { calls in
      calls.append((operation, name))
      return calls.count - 1 == failing ? code : nil
    }
  }

  /// The calls that a body makes, of which one may fail, and the error that it then throws.
  package static func logged(
    failing: Int? = nil, code: Int32 = EIO, _ body: () throws -> Void
  ) -> (operations: [SystemCall.Operation], error: FileError?) {
    let log = SystemCallLog(failing: failing, code: code)
    var failure: (any Error)?
    do {
      try SystemCall.$interposed.withValue({ log.note($0, $1) }, operation: body)
    } catch {
      failure = error
    }
    return (log.calls.withLock { $0.map(\.0) }, failure as? FileError)
  }
}
