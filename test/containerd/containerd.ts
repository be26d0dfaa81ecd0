// A containerd of Debian's, with a root, a state and sockets of its own, which knows our runtime; and ctr, as an operator uses it.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { temporaryDirectory, type TemporaryDirectory } from '../support/child.js'
import { buildLauncher, daemonsBelow, endDaemons } from './launcher.js'

const IMAGE = 'test/image:latest'

/** What is missing of what the tests need; undefined: nothing. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'containerd needs root'
  for (const program of ['containerd', 'ctr', 'make', 'cc', 'tar', 'script']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    } catch {
      return `${program} is not installed`
    }
  }
  // A container of some hosts is root and may not mount.
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
  } catch {
    return 'nothing can be mounted here'
  }
  return undefined
}

export interface CtrEnded {
  code: number | null
  stdout: Buffer
  stderr: string
}

export class Containerd {
  readonly place: TemporaryDirectory
  readonly daemons: string
  readonly #path: string
  #process: ChildProcess | undefined

  static async open(): Promise<Containerd> {
    const place = await temporaryDirectory()
    const containerd = new Containerd(place, buildLauncher(place.path))
    await writeFile(containerd.#in('config.toml'), containerd.#config())
    await containerd.start()
    await containerd.#importImage()
    return containerd
  }

  private constructor(place: TemporaryDirectory, path: string) {
    this.place = place
    this.daemons = join(place.path, 'd')
    this.#path = path
  }

  #in(name: string): string {
    return join(this.place.path, name)
  }

  #config(): string {
    const off = [
      'grpc.v1.cri',
      'snapshotter.v1.aufs',
      'snapshotter.v1.btrfs',
      'snapshotter.v1.devmapper',
      'snapshotter.v1.zfs',
    ]
    return [
      'version = 2',
      `root = "${this.#in('root')}"`,
      `state = "${this.#in('state')}"`,
      `disabled_plugins = [${off.map((name) => `"io.containerd.${name}"`).join(', ')}]`,
      '[grpc]',
      `  address = "${this.#in('c.sock')}"`,
      '[ttrpc]',
      `  address = "${this.#in('c.sock.ttrpc')}"`,
      '',
    ].join('\n')
  }

  async start(): Promise<void> {
    const env = {
      ...process.env,
      PATH: `${this.#path}:${process.env['PATH']}`,
      UVM_CONTAINERD_DIRECTORY: this.daemons,
      UVM_CONTAINERD_PROVIDER: 'simulated',
    }
    const child = spawn('containerd', ['-c', this.#in('config.toml')], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.pipe(createWriteStream(this.#in('containerd.log'), { flags: 'a' }))
    this.#process = child
    await new Promise<void>((resolve, reject) => {
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said += String(chunk)
        if (said.includes('containerd successfully booted')) resolve()
      })
      child.once('exit', () => reject(new Error(`containerd did not start: ${said}`)))
    })
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }

  /** Pids of the pod daemons. */
  pods(): number[] {
    return daemonsBelow(this.daemons)
  }

  spawnCtr(args: string[], namespace = 'default'): ChildProcess {
    return spawn('ctr', ['-a', this.#in('c.sock'), '-n', namespace, ...args])
  }

  async ctr(args: string[], input: Uint8Array | string = '', namespace = 'default'): Promise<CtrEnded> {
    const child = this.spawnCtr(args, namespace)
    child.stdin!.on('error', () => undefined).end(input)
    const [stdout, stderr, code] = await Promise.all([
      buffer(child.stdout!),
      buffer(child.stderr!),
      new Promise<number | null>((done) => child.once('close', done)),
    ])
    return { code, stdout, stderr: String(stderr) }
  }

  /** In a terminal of its own. */
  async inTerminal(args: string[]): Promise<string> {
    const line = ['ctr', '-a', this.#in('c.sock'), ...args].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] })
    return String(await buffer(child.stdout))
  }

  /** `flags` and the rest of `ctr run`. */
  run(id: string, args: string[], flags: string[] = ['--rm'], input: Uint8Array | string = ''): Promise<CtrEnded> {
    return this.ctr(['run', ...flags, '--runtime', 'io.containerd.uvm.v1', IMAGE, id, ...args], input)
  }

  /** Status of each task. */
  async tasks(): Promise<Record<string, string>> {
    const { stdout } = await this.ctr(['tasks', 'ls'])
    const rows = String(stdout).trim().split('\n').slice(1)
    return Object.fromEntries(rows.map((row) => row.split(/\s+/)).map(([id, , status]) => [id!, status!]))
  }

  /** What of tasks is left on this host: bundles, mounts. */
  async left(): Promise<{ bundles: string[]; mounts: string[] }> {
    const bundles = this.#in('state/io.containerd.runtime.v2.task/default')
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
    return {
      bundles: existsSync(bundles) ? await readdir(bundles) : [],
      mounts: mounts.filter((line) => line.includes(`${this.place.path}/`)),
    }
  }

  async close(): Promise<void> {
    await endDaemons(this.daemons)
    await this.kill('SIGTERM')
    await this.place.remove()
  }

  /** An OCI image with three files and no program that runs anywhere. */
  async #importImage(): Promise<void> {
    const root = this.#in('image')
    const blobs = join(root, 'oci/blobs/sha256')
    await mkdir(blobs, { recursive: true })
    for (const [path, text] of [
      ['layer/bin/app', 'no program'],
      ['layer/etc/motd', 'of the image\n'],
      ['layer/proc/.keep', ''],
    ] as const) {
      await mkdir(join(root, path, '..'), { recursive: true })
      await writeFile(join(root, path), text, { mode: 0o755 })
    }
    execFileSync('tar', ['-C', join(root, 'layer'), '-cf', join(root, 'layer.tar'), '.'])
    const blob = async (bytes: Buffer | string): Promise<{ digest: string; size: number }> => {
      const hash = createHash('sha256').update(bytes).digest('hex')
      await writeFile(join(blobs, hash), bytes)
      return { digest: `sha256:${hash}`, size: (await stat(join(blobs, hash))).size }
    }
    const type = (name: string): { mediaType: string } => ({ mediaType: `application/vnd.oci.image.${name}` })
    const layer = await blob(await readFile(join(root, 'layer.tar')))
    const config = await blob(
      JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] },
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
      }),
    )
    const manifest = await blob(
      JSON.stringify({
        schemaVersion: 2,
        ...type('manifest.v1+json'),
        config: { ...type('config.v1+json'), ...config },
        layers: [{ ...type('layer.v1.tar'), ...layer }],
      }),
    )
    const annotations = { 'io.containerd.image.name': IMAGE, 'org.opencontainers.image.ref.name': 'latest' }
    const index = { schemaVersion: 2, manifests: [{ ...type('manifest.v1+json'), ...manifest, annotations }] }
    await writeFile(join(root, 'oci/index.json'), JSON.stringify(index))
    await writeFile(join(root, 'oci/oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    execFileSync('tar', ['-C', join(root, 'oci'), '-cf', join(root, 'image.tar'), '.'])
    const { code, stderr } = await this.ctr(['images', 'import', join(root, 'image.tar')])
    if (code !== 0) throw new Error(`the image was not imported: ${stderr}`)
  }
}
