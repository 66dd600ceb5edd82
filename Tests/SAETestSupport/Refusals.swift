package import SAEFormats
import SAETensor

/// The name of the option that is refused, nil if none is.
package func refusedOption<Value>(_ body: () throws -> Value) -> String? {
  switch Result(catching: body) {
  case .success: nil
  case .failure(let error): (error as? OptionError)?.option ?? "\(error)"
  }
}

/// What a call that must fail says; nil if it does not fail, or not with a file's error.
package func refusal(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return (error as? FileError)?.description
  }
}

extension FileError {
  /// The name of the error's case.
  package var caseName: String? { Mirror(reflecting: self).children.first?.label }
}
