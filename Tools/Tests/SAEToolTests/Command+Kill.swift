import Foundation

extension Command {
  /// Begins the command and kills it, without a chance to tidy up, as soon as something holds.
  ///
  /// - Returns: whether it was killed; false if it had ended before.
  static func kill(_ arguments: [String], when holds: () -> Bool) throws -> Bool {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning, !holds() { usleep(2000) }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal
  }
}
