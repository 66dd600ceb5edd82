/// A judge that starts with the first question that it has not answered before.
final class Judge {
  private let command: String
  private let patience: Double
  private let answers: JudgeAnswers?
  private var process: JudgeProcess?
  /// Questions, answered before or not.
  private(set) var requests = 0
  /// Questions whose answer was malformed or did not come.
  var malformed: Int { process?.malformed ?? 0 }

  init(_ command: String, patience: Double, answers: JudgeAnswers? = nil) {
    self.command = command
    self.patience = patience
    self.answers = answers
  }

  /// The answer to a question; nil if there is none that can be read.
  ///
  /// - Throws: ``StudyError`` if the program does not start.
  func ask(_ prompt: String) throws -> String? {
    requests += 1
    if let known = answers?[prompt] { return known }
    let process = try process ?? JudgeProcess(command, patience: patience)
    self.process = process
    guard let response = try process.ask(prompt) else {
      guard let code = process.failureToStart else { return nil }
      throw StudyError(
        "--judge \(command)", expected: "a program that starts",
        found: "exit code \(code) of the shell")
    }
    try answers?.keep(response, to: prompt)
    return response
  }

  func stop() { process?.stop() }
}
