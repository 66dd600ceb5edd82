import ArgumentParser
import Foundation
import SAECore

extension SAECommand {
  /// Reads the arguments and runs the command.
  static func main() {
    StandardStreams.fillGaps()
    Interruption.ignoreFailedWrites()
    Interruption.explainLostInput()
    do {
      try checkArguments()
      var command = try parseAsRoot()
      try checkEnvironment()
      if let command = command as? any PlannedCommand {
        try command.check(Array(CommandLine.arguments.dropFirst()))
      }
      try command.run()
    } catch {
      end(error)
    }
  }

  /// Prints the error that has ended the command, and ends the process. Help is a result like any other.
  private static func end(_ error: any Error) -> Never {
    let message = fullMessage(for: error)
    let code = error is UsageError ? ExitCode.validationFailure : exitCode(for: error)
    if code.isSuccess {
      do { try emit(message) } catch { end(error) }
    } else if !message.isEmpty {
      StandardError.write(message)
    }
    Foundation.exit(code.rawValue)
  }

  /// Throws where a variable asks for something that is not there: a user who sets one does not want it
  /// ignored.
  private static func checkEnvironment() throws {
    do {
      try Machine.checkEnvironment()
    } catch {
      throw UsageError("\(error)")
    }
  }

  /// Throws where an argument is not UTF-8: as text it would name another file.
  private static func checkArguments() throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index] else { continue }
      guard String(validatingCString: argument) == nil else { continue }
      throw UsageError("argument \(index): expected UTF-8, found \(quoted(argument))")
    }
  }

  /// Throws where the working directory is not UTF-8: a path from the root would name another file.
  static func checkWorkingDirectory() throws {
    guard let path = getcwd(nil, 0) else { return }
    defer { free(path) }
    guard String(validatingCString: path) == nil else { return }
    throw UsageError("the working directory: expected UTF-8, found \(quoted(path))")
  }

  private static func quoted(_ text: UnsafePointer<CChar>) -> String {
    FileName.quoted(
      UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) })
  }
}
