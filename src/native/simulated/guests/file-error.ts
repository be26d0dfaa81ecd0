/** Why a file cannot be used, in the words a program prints. */
export class FileError extends Error {}
