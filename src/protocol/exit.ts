// How a compute system can end.

/** How a compute system ended (schema 2.2 and later). Open: newer hosts may say other words. */
export type ExitType = 'None' | 'GracefulExit' | 'ForcedExit' | 'UnexpectedExit' | 'Unknown' | (string & {})
