import ArgumentParser
import Foundation
import Synchronization

/// Standard input, output and error, as the parent process has left them.
enum StandardStreams {
  /// Puts something that can neither be read nor written in the place of streams that are closed.
  /// Otherwise the next file to be opened would get such a stream's number, and progress would be
  /// written into it.
  static func fillGaps() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number, which is this one.
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// Writes all of a text.
  ///
  /// - Returns: the system's error code where it could not be written, else 0.
  fileprivate static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        // The stream is in non-blocking mode.
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&ready, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}

/// Writes results and a line feed on standard output.
///
/// - Throws: ``ToolError`` if they cannot be written; the exit code of a broken pipe, without a message,
///   where nobody reads on.
func emit(_ text: String) throws {
  let code = StandardStreams.write(text + "\n", to: 1)
  if code == EPIPE { throw ExitCode(Interruption.exitCode(SIGPIPE)) }
  guard code == 0 else {
    throw ToolError("standard output: cannot write: \(String(cString: strerror(code)))")
  }
}

/// The one writer of standard error: progress, notes and errors. A message that cannot be written is
/// dropped, and the run goes on.
enum StandardError {
  /// Whether a line of progress has no end yet.
  private static let isLineOpen = Mutex(false)

  /// Writes a line, below a line of progress.
  static func write(_ line: String) {
    isLineOpen.withLock { isOpen in
      _ = StandardStreams.write((isOpen ? "\n" : "") + line + "\n", to: 2)
      isOpen = false
    }
  }

  /// Writes a line of progress in the place of the one before.
  ///
  /// - Parameter isLast: whether others follow below it.
  static func rewrite(_ line: String, isLast: Bool) {
    isLineOpen.withLock { isOpen in
      _ = StandardStreams.write("\r\(line)\(isLast ? "\n" : "")", to: 2)
      isOpen = !isLast
    }
  }

  /// The columns of the terminal; nil if it is none.
  static var columns: Int? {
    guard isatty(2) == 1 else { return nil }
    var size = winsize()
    guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
