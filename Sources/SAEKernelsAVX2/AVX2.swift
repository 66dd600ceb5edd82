import SAEKernels
