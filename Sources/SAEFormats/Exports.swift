/// The formats' interface has matrices in it, so a file that imports them needs these too.
@_exported public import SAETensor
