// The primitives of the schema. The names, not the types, say how wide a number is and when a member is written: scripts/schema reads
// them into the tables that serialise and check documents.

/** 0..255. */
export type UInt8 = number
/** 0..65535. */
export type UInt16 = number
/** 0..4294967295. */
export type UInt32 = number
/** -2147483648..2147483647. */
export type Int32 = number
/** Either goes in; out comes a number when it is a safe integer, else a bigint. */
export type Int64 = number | bigint
/** Unsigned. Either goes in; out comes a number when it is a safe integer, else a bigint. */
export type UInt64 = number | bigint
/** Not an integer. */
export type Float64 = number

/** A GUID, with or without braces; the null GUID stands for none. */
export type Guid = string
/** An RFC 3339 time stamp. */
export type DateTime = string
/** A JSON document carried as a string. */
export type JsonText = string
/** Bytes in base64. */
export type Base64 = string

/** The key of an object: a decimal number, 0..255. */
export type UInt8Key = string
/** The key of an object: a decimal number, 0..4294967295. */
export type UInt32Key = string
/** The key of an object: a decimal number. */
export type Int64Key = string
/** The key of an object: a GUID. */
export type GuidKey = string

/** Always on the wire: absent goes as 0, false, '', the null GUID, an empty array or an empty object. */
export type Always<T> = T | undefined
/** Always on the wire: absent goes as null. */
export type AlwaysOrNull<T> = T | null | undefined
