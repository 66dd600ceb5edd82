/// One import gives the whole library: tensors, formats, autoencoders and their training.
@_exported public import SAEFormats
@_exported public import SAETensor
