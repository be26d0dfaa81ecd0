// Under a real containerd: what its user sees, and what is left of it when either side dies.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Containerd, missing } from './containerd.js'

describe('under containerd', () => {
  let containerd: Containerd
  before(async function () {
    const why = missing()
    if (why !== undefined) {
      console.log(`    skipped: ${why}`)
      this.skip()
    }
    containerd = await Containerd.open()
  })
  afterEach(async () => {
    assert.deepEqual(await containerd.tasks(), {})
    assert.deepEqual(await containerd.left(), { bundles: [], mounts: [] })
  })
  after(() => containerd?.close())

  /** Its task and container are removed. */
  async function remove(id: string): Promise<void> {
    await containerd.ctr(['tasks', 'kill', '-s', 'KILL', id])
    await containerd.ctr(['tasks', 'rm', '-f', id])
    await containerd.ctr(['containers', 'rm', id])
  }
  const status = async (id: string): Promise<string | undefined> => (await containerd.tasks())[id]
  async function until(id: string, wanted: string | undefined): Promise<void> {
    while ((await status(id)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  it('a container runs: its output, its exit code, its image', async () => {
    const { stdout, code } = await containerd.run('a', ['sh', '-c', 'cat /etc/motd; exit 7'])
    assert.deepEqual([String(stdout), code], ['of the image\n', 7])
  })

  it('what comes through its input, 64 MiB of it, comes back', async () => {
    const sent = randomBytes(64 * 1024 * 1024)
    const { stdout, code } = await containerd.run('b', ['cat'], ['--rm'], sent)
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    assert.deepEqual([hash(stdout), code], [hash(sent), 0])
  })

  it('an image’s own program says why it does not run', async () => {
    const { stderr, code } = await containerd.run('c', ['/bin/app'])
    assert.equal(code, 126)
    assert.match(stderr, /\/bin\/app: a simulated guest runs its own programs only/)
  })

  it('a program that is nowhere is refused, with nothing left', async () => {
    const { stderr, code } = await containerd.run('d', ['/nonexistent'])
    assert.equal(code, 1)
    assert.match(stderr, /no such file or directory/)
  })

  it('exec, ps, metrics, pause, resume, kill: as of any task', async () => {
    await containerd.run('e', ['sleep', '1000'], ['-d'])
    for (const [exec, args, out, code] of [
      ['x', ['echo', 'from exec'], 'from exec\n', 0],
      ['y', ['sh', '-c', 'exit 9'], '', 9],
    ] as const) {
      const ended = await containerd.ctr(['tasks', 'exec', '--exec-id', exec, 'e', ...args])
      assert.deepEqual([String(ended.stdout), ended.code], [out, code])
    }
    const text = async (...args: string[]): Promise<string> => String((await containerd.ctr(['tasks', ...args])).stdout)
    assert.match(await text('ps', 'e'), /^PID\s+INFO\n\d+/)
    assert.match(await text('metrics', 'e'), /memory\.usage_in_bytes\s+[1-9]/)
    await containerd.ctr(['tasks', 'pause', 'e'])
    assert.equal(await status('e'), 'PAUSED')
    await containerd.ctr(['tasks', 'resume', 'e'])
    assert.equal(await status('e'), 'RUNNING')
    await containerd.ctr(['tasks', 'kill', '-s', 'KILL', 'e'])
    await until('e', 'STOPPED')
    await remove('e')
  })

  it('an exec has a terminal, and no complaint about its size at its end', async () => {
    await containerd.run('f', ['sleep', '1000'], ['-d'])
    const said = await containerd.inTerminal(['tasks', 'exec', '-t', '--exec-id', 't', 'f', 'sh', '-c', 'tty; exit 0'])
    assert.match(said, /^\/dev\/pts\/\d+\s+$/)
    await remove('f')
  })

  it('events come in order', async () => {
    const watching = containerd.spawnCtr(['events'])
    let said = ''
    watching.stdout!.on('data', (chunk: Buffer) => (said += String(chunk)))
    // It says nothing when it listens: an event of ours that it tells of shows it.
    for (let round = 0; !said.includes('/tasks/delete'); round++) await containerd.run(`probe${round}`, ['true'])
    said = ''
    await containerd.run('g', ['sh', '-c', 'exit 3'])
    while (!said.includes('/containers/delete')) await new Promise((resolve) => watching.stdout!.once('data', resolve))
    watching.kill('SIGKILL')
    const topics = [...said.matchAll(/\/(?:tasks)\/[a-z-]+/g)].map(([topic]) => topic)
    assert.deepEqual(
      topics,
      ['create', 'start', 'exit', 'delete'].map((topic) => `/tasks/${topic}`),
    )
  })

  it('ten containers share a daemon, and are gone', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `many${index}`)
    await Promise.all(ids.map((id) => containerd.run(id, ['sleep', '1000'], ['-d'])))
    assert.deepEqual(
      Object.values(await containerd.tasks()),
      ids.map(() => 'RUNNING'),
    )
    assert.equal(containerd.pods().length, 1)
    await Promise.all(ids.map(remove))
  })

  it('containerd is killed: its tasks run on, and an exit meanwhile is told', async () => {
    await containerd.run('stays', ['sleep', '1000'], ['-d'])
    await containerd.run('ends', ['sh', '-c', 'sleep 1; exit 5'], ['-d'])
    await containerd.kill()
    await containerd.start()
    assert.equal(await status('stays'), 'RUNNING')
    await until('ends', 'STOPPED')
    const exec = await containerd.ctr(['tasks', 'exec', '--exec-id', 'after', 'stays', 'echo', 'alive'])
    assert.equal(String(exec.stdout), 'alive\n')
    const { stderr } = await containerd.ctr(['tasks', 'rm', 'ends'])
    assert.match(stderr, /exit with non-zero exit code 5/)
    await containerd.ctr(['containers', 'rm', 'ends'])
    await remove('stays')
  })

  it('the daemon is killed: its tasks are gone, nothing of them is left, and the next container runs', async () => {
    await Promise.all(['k1', 'k2', 'k3'].map((id) => containerd.run(id, ['sleep', '1000'], ['-d'])))
    for (const pid of containerd.pods()) process.kill(pid, 'SIGKILL')
    for (const id of ['k1', 'k2', 'k3']) {
      while (['RUNNING', 'CREATED'].includes((await status(id)) ?? ''))
        await new Promise((resolve) => setTimeout(resolve, 50))
      await remove(id)
    }
    assert.equal(String((await containerd.run('next', ['echo', 'on'])).stdout), 'on\n')
  })
})
