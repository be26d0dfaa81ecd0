// Create documents that tests start from.

import type { ComputeSystem } from '#dist/index.js'

export const SCSI = [
  'df6d0690-79e5-55b6-a5ec-c1e2f77f580a',
  '0110f83b-de10-5172-a266-78bca56bf50a',
  'b5d2d8d4-3a75-51bf-945b-3444dc6b8579',
  '305891a9-b251-5dfe-91a2-c25d9212275b',
] as const

const DESCRIPTOR = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'

type Vm = NonNullable<ComputeSystem['VirtualMachine']>

/** The least that HCS accepts; a Windows guest by the rule of documents. */
export function minimal(vm: Partial<Vm> = {}, top: Partial<ComputeSystem> = {}): ComputeSystem {
  return {
    Owner: 'contract',
    SchemaVersion: { Major: 2, Minor: 1 },
    ShouldTerminateOnLastHandleClosed: true,
    ...top,
    VirtualMachine: {
      StopOnReset: true,
      Chipset: { Uefi: {} },
      ComputeTopology: { Memory: { SizeInMB: 256 }, Processor: { Count: 1 } },
      ...vm,
    },
  }
}

/** The worked Linux configuration, in full. */
export function linux(
  commandLine = 'quiet -- -e 1 /bin/vsockexec -r -e 109 /bin/gcs -v4 -log-format json',
): ComputeSystem {
  return minimal({
    Chipset: {
      LinuxKernelDirect: {
        KernelFilePath: 'C:\\uvm\\linux\\vmlinux',
        InitRdPath: 'C:\\uvm\\linux\\initrd.img',
        KernelCmdLine: commandLine,
      },
    },
    ComputeTopology: { Memory: { SizeInMB: 1024, AllowOvercommit: true }, Processor: { Count: 2 } },
    Devices: {
      Scsi: Object.fromEntries(SCSI.map((guid) => [guid, {}])),
      HvSocket: { HvSocketConfig: { DefaultBindSecurityDescriptor: DESCRIPTOR, ServiceTable: {} } },
      Plan9: {},
    },
  })
}

/** A Linux VM with persistent memory: four devices of 1 MiB. */
export function pmem(): ComputeSystem {
  return minimal({ Devices: { VirtualPMem: { MaximumCount: 4, MaximumSizeBytes: 1024 * 1024 }, Plan9: {} } })
}

/** The worked Windows configuration, in full. */
export function windows(): ComputeSystem {
  return minimal({
    Chipset: {
      Uefi: {
        BootThis: {
          DeviceType: 'VmbFs',
          DevicePath: '\\EFI\\Microsoft\\Boot\\bootmgfw.efi',
          VmbFsRootPath: 'C:\\uvm\\windows\\Files',
        },
      },
    },
    ComputeTopology: {
      Memory: { SizeInMB: 2048, AllowOvercommit: true, EnableHotHint: true },
      Processor: { Count: 2 },
    },
    RegistryChanges: {
      AddValues: [
        {
          Key: { Hive: 'System', Name: 'CurrentControlSet\\Services\\gns' },
          Name: 'EnableCompartmentNamespace',
          Type: 'DWord',
          DWordValue: 1,
        },
      ],
    },
    Devices: {
      Scsi: { [SCSI[0]]: { Attachments: { 0: { Type: 'VirtualDisk', Path: 'C:\\uvm\\windows\\scratch.vhdx' } } } },
      VirtualSmb: {
        DirectFileMappingInMB: 1024,
        Shares: [
          {
            Name: 'os',
            Path: 'C:\\uvm\\windows\\Files',
            Options: { ReadOnly: true, ShareRead: true, CacheIo: true, PseudoOplocks: true, TakeBackupPrivilege: true },
          },
        ],
      },
      HvSocket: {
        HvSocketConfig: {
          DefaultBindSecurityDescriptor: DESCRIPTOR,
          ServiceTable: {
            '172dad59-976d-45f2-8b6c-6d1b13f2ac4d': {
              AllowWildcardBinds: true,
              BindSecurityDescriptor: DESCRIPTOR,
              ConnectSecurityDescriptor: DESCRIPTOR,
            },
          },
        },
      },
    },
  })
}

/** A container of a Linux guest. What its init runs is in its document. */
export const CONTAINER = {
  SchemaVersion: { Major: 2, Minor: 1 },
  OciBundlePath: '/run/gcs/c/c',
  OciSpecification: {
    ociVersion: '1.1.0',
    process: { args: ['sleep', '1000'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
    root: { path: '/' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }] },
  },
}
