// 64-bit integers of the schema.

/** Either goes in; out comes a number when it is a safe integer, else a bigint. */
export type Int64 = number | bigint
