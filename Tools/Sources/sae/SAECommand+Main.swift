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
      let arguments = CommandArguments(CommandLine.arguments.dropFirst())
      try arguments.checkCommand()
      var command = try parse(arguments)
      try checkEnvironment()
      if let command = command as? any PlannedCommand { try command.check(arguments.all) }
      try command.run()
    } catch {
      end(error)
    }
  }

  /// Parses arguments; where a value is none that its option takes, the option's own rule says so.
  private static func parse(_ arguments: CommandArguments) throws -> any ParsableCommand {
    do {
      return try parseAsRoot(arguments.all)
    } catch {
      let problems = exitCode(for: error).isSuccess ? [] : arguments.valueProblems
      guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n")) }
      throw error
    }
  }

  /// Prints the error that has ended the command, and ends the process. Help is a result like any other.
  private static func end(_ error: any Error) -> Never {
    let message = shownMessage(for: error)
    let code = error is UsageError ? ExitCode.validationFailure : exitCode(for: error)
    if code.isSuccess {
      do { try emit(message) } catch { end(error) }
    } else if !message.isEmpty {
      StandardError.write(message)
    }
    Foundation.exit(code.rawValue)
  }

  /// The message, in which no name of a file can break a line or reach the terminal. Those of the parser have
  /// several lines, with the usage.
  private static func shownMessage(for error: any Error) -> String {
    let message = fullMessage(for: error)
    guard !exitCode(for: error).isSuccess else { return message }
    let isParsers =
      exitCode(for: error) == .validationFailure && !(error is UsageError)
    guard isParsers else { return oneLine(message) }
    // A line feed in an argument is none of the parser's.
    let typed = CommandLine.arguments.filter { $0 != oneLine($0) }.sorted { $0.count > $1.count }
    return typed.reduce(message) { $0.replacing($1, with: oneLine($1)) }
      .split(separator: "\n", omittingEmptySubsequences: false).map { oneLine($0) }
      .joined(separator: "\n")
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
