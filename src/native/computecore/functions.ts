// The functions of computecore.dll that the provider calls, and the Windows build on which each appears.
//
// Handles are `void *` (a BigInt here), texts are NUL-terminated UTF-16 and may be NULL, results are signed HRESULTs. An `_Out_ void **`
// gives the raw address: a document must be freed by its address, so no string type is declared for it.

/** Windows 10 1809 and Server 2019: the first with a usable computecore.dll. */
const FIRST_BUILD = 17763
/** Server 2022. */
const SERVER_2022_BUILD = 20348
/** Server 2025, Windows 11 24H2. */
const MIGRATION_BUILD = 26100

export interface FunctionEntry {
  readonly declaration: string
  readonly build: number
}

const starting = (name: string, build = FIRST_BUILD): FunctionEntry => ({
  declaration: `int32_t ${name}(void *system, void *operation, str16 options)`,
  build,
})

const entry = (declaration: string, build = FIRST_BUILD): FunctionEntry => ({ declaration, build })

export const FUNCTIONS = {
  HcsCreateOperation: entry('void *HcsCreateOperation(void *context, void *callback)'),
  HcsCloseOperation: entry('void HcsCloseOperation(void *operation)'),
  HcsGetOperationResult: entry('int32_t HcsGetOperationResult(void *operation, _Out_ void **document)'),
  HcsAddResourceToOperation: entry(
    'int32_t HcsAddResourceToOperation(void *operation, uint32_t type, str16 uri, void *handle)',
    MIGRATION_BUILD,
  ),
  HcsEnumerateComputeSystems: entry('int32_t HcsEnumerateComputeSystems(str16 query, void *operation)'),
  HcsCreateComputeSystem: entry(
    'int32_t HcsCreateComputeSystem(str16 id, str16 configuration, void *operation, void *descriptor, _Out_ void **system)',
  ),
  HcsOpenComputeSystem: entry('int32_t HcsOpenComputeSystem(str16 id, uint32_t access, _Out_ void **system)'),
  HcsCloseComputeSystem: entry('void HcsCloseComputeSystem(void *system)'),
  HcsSetComputeSystemCallback: entry(
    'int32_t HcsSetComputeSystemCallback(void *system, uint32_t options, void *context, void *callback)',
  ),
  HcsStartComputeSystem: starting('HcsStartComputeSystem'),
  // Spelled with a capital D, unlike in the legacy DLL.
  HcsShutDownComputeSystem: starting('HcsShutDownComputeSystem'),
  HcsTerminateComputeSystem: starting('HcsTerminateComputeSystem'),
  HcsPauseComputeSystem: starting('HcsPauseComputeSystem'),
  HcsResumeComputeSystem: starting('HcsResumeComputeSystem'),
  HcsSaveComputeSystem: starting('HcsSaveComputeSystem'),
  HcsCrashComputeSystem: starting('HcsCrashComputeSystem'),
  HcsGetComputeSystemProperties: starting('HcsGetComputeSystemProperties'),
  HcsModifyComputeSystem: entry(
    'int32_t HcsModifyComputeSystem(void *system, void *operation, str16 configuration, void *identity)',
  ),
  HcsInitializeLiveMigrationOnSource: starting('HcsInitializeLiveMigrationOnSource', MIGRATION_BUILD),
  HcsStartLiveMigrationOnSource: starting('HcsStartLiveMigrationOnSource', MIGRATION_BUILD),
  HcsStartLiveMigrationTransfer: starting('HcsStartLiveMigrationTransfer', MIGRATION_BUILD),
  HcsFinalizeLiveMigration: starting('HcsFinalizeLiveMigration', MIGRATION_BUILD),
  HcsCancelLiveMigration: starting('HcsCancelLiveMigration', MIGRATION_BUILD),
  HcsGetServiceProperties: entry('int32_t HcsGetServiceProperties(str16 query, _Out_ void **document)'),
  HcsModifyServiceSettings: entry('int32_t HcsModifyServiceSettings(str16 settings, _Out_ void **document)'),
  HcsGrantVmAccess: entry('int32_t HcsGrantVmAccess(str16 id, str16 path)'),
  HcsRevokeVmAccess: entry('int32_t HcsRevokeVmAccess(str16 id, str16 path)'),
  HcsGrantVmGroupAccess: entry('int32_t HcsGrantVmGroupAccess(str16 path)'),
  HcsRevokeVmGroupAccess: entry('int32_t HcsRevokeVmGroupAccess(str16 path)'),
  HcsCreateEmptyGuestStateFile: entry('int32_t HcsCreateEmptyGuestStateFile(str16 path)'),
  HcsCreateEmptyRuntimeStateFile: entry('int32_t HcsCreateEmptyRuntimeStateFile(str16 path)'),
  HcsGetProcessorCompatibilityFromSavedState: entry(
    'int32_t HcsGetProcessorCompatibilityFromSavedState(str16 path, _Out_ void **features)',
    SERVER_2022_BUILD,
  ),
} as const satisfies Record<string, FunctionEntry>

export type FunctionName = keyof typeof FUNCTIONS

/** Called for every handle: without these there is no provider. */
export const CORE: readonly FunctionName[] = [
  'HcsCreateOperation',
  'HcsCloseOperation',
  'HcsGetOperationResult',
  'HcsCloseComputeSystem',
  'HcsSetComputeSystemCallback',
]
