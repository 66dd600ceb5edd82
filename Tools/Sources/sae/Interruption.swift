import Foundation
import Synchronization

/// SIGINT and SIGTERM as a request to stop at the next chance; a second one ends the process at once.
enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that asked to stop, if one did.
  static var signal: Int32? {
    let signal = received.load(ordering: .relaxed)
    return signal == 0 ? nil : signal
  }

  /// From now on.
  static func listen() {
    // Made before a handler can ask for it, in which nothing may be made.
    _ = received.load(ordering: .relaxed)
    // Who starts this process may have held signals back, and that is inherited.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      _ = Foundation.signal(number) { number in
        if Interruption.received.exchange(number, ordering: .relaxed) != 0 {
          _exit(Interruption.exitCode(number))
        }
      }
    }
    // A file that may not grow is an error like a full disk.
    _ = Foundation.signal(SIGXFSZ, SIG_IGN)
  }

  /// As shells report a process that a signal has ended.
  static func exitCode(_ signal: Int32) -> Int32 { 128 + signal }
}
