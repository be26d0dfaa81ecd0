// The packages of this repository besides the library, in the order in which they stand on each other.

export const PACKAGES = ['image', 'cli', 'ttrpc', 'containerd']
