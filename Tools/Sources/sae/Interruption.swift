import ArgumentParser
import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP as a request to stop at the next chance; a second SIGINT or SIGTERM ends
/// the process at once. SIGHUP comes twice when a terminal is closed, from the shell and from the
/// system.
enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that asked to stop, if one did.
  static var signal: Int32? {
    let signal = received.load(ordering: .relaxed)
    return signal == 0 ? nil : signal
  }

  /// From now on.
  static func listen() {
    // Created before a handler can need it, since a handler may not allocate.
    _ = received.load(ordering: .relaxed)
    // The parent process may have blocked signals, and this process inherits that.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // Under nohup a hang-up is none.
      if number == SIGHUP, isIgnored(number) { continue }
      _ = Foundation.signal(number) { number in
        let before = Interruption.received.exchange(number, ordering: .relaxed)
        if before != 0 && number != SIGHUP { _exit(Interruption.exitCode(number)) }
      }
    }
  }

  /// Ends a command that has nothing to keep, so that half-written files are removed.
  static func stopIfAsked() throws {
    if let signal { throw ExitCode(exitCode(signal)) }
  }

  /// Makes a pipe that nobody reads, and a file that may not grow, errors of the write.
  static func ignoreFailedWrites() {
    for number in [SIGPIPE, SIGXFSZ] { _ = Foundation.signal(number, SIG_IGN) }
  }

  /// Ends the command with a line where a mapped file is shorter than it was, or its disk fails: the system
  /// says so by a signal.
  static func explainLostInput() {
    // Made now, since a handler may not allocate.
    _ = lostInput
    _ = Foundation.signal(SIGBUS) { _ in
      _ = Foundation.write(2, Interruption.lostInput.baseAddress, Interruption.lostInput.count)
      _exit(1)
    }
  }

  nonisolated(unsafe) private static let lostInput: UnsafeBufferPointer<UInt8> = {
    let text = Array(
      ("Error: an input that is mapped was shortened, or its disk failed, while it was read; the last "
        + "checkpoint, if there is one, is kept\n").utf8)
    let line = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
    _ = line.initialize(from: text)
    return UnsafeBufferPointer(line)
  }()

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// As shells report a process that a signal has ended.
  static func exitCode(_ signal: Int32) -> Int32 { 128 + signal }
}
