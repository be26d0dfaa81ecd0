// The shell of a built-in Linux guest. Every script that it knows gives what a real shell gives; every other one is exit code 2 with one
// line on stderr, and nothing of it has run.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { NULL_ID, type RawBridge } from '../../../peer/host.js'
import { LoneGuest, textOf } from '../../../support/raw-guest.js'

interface Outcome {
  out: string
  err: string
  code: number
}

/** Script, stdout, and exit code when it is not 0. */
const SCRIPTS: readonly (readonly [script: string, out: string, code?: number])[] = [
  ["echo 'a\nb'", 'a\nb\n'],
  ['echo "a;b" c\\;d', 'a;b c;d\n'],
  ['echo a # comment ; echo no\necho b', 'a\nb\n'],
  ['# only a comment', ''],
  ['echo a#b "#c"', 'a#b #c\n'],
  ['echo a; echo b\n\n\necho c', 'a\nb\nc\n'],
  ['echo a \\\n b', 'a b\n'],
  ['echo $(echo in; echo side)', 'in side\n'],
  ['echo "$(echo in; echo side)"', 'in\nside\n'],
  ['echo `echo back \\`echo deep\\``', 'back deep\n'],
  ['echo $(echo ")" $(echo two))', ') two\n'],
  ['echo ${X:-d} ${X-e} ${X:+f}.', 'd e .\n'],
  ['X=; echo ${X:-d} ${X-e}. ${X+set}', 'd . set\n'],
  ['echo ${X:=v}; echo $X ${#X}', 'v\nv 1\n'],
  ['echo ${X:-"a  b"} ${X:-a  b}', 'a  b a b\n'],
  ['X="a b"; for w in $X; do echo [$w]; done; for w in "$X"; do echo [$w]; done', '[a]\n[b]\n[a b]\n'],
  ['X=1 Y=$X; echo "$X$Y"; unset X; echo "<$X>"', '11\n<>\n'],
  ['if true; then echo yes; else echo no; fi', 'yes\n'],
  ['if false; then echo a; elif [ 1 -lt 2 ]; then echo b; else echo c; fi', 'b\n'],
  ['if false; then echo a; fi; echo $?', '0\n'],
  ['for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; echo $i; done', '1\n3\n'],
  ['for i in 1 2 3; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done', '1a\n2a\n3a\n'],
  ['i=; while [ "$i" != xxx ]; do i=x$i; echo $i; done', 'x\nxx\nxxx\n'],
  ['until [ -n "$i" ]; do i=1; echo once; done', 'once\n'],
  ['while true; do echo one; break; done; echo out', 'one\nout\n'],
  ['(X=in; cd /tmp; echo $X; pwd); echo "<$X>"; pwd', 'in\n/tmp\n<>\n/\n'],
  ['{ echo a; echo b; } | wc -l', '2\n'],
  ['(echo a; exit 3); echo $?', 'a\n3\n'],
  ['! false && echo inverted', 'inverted\n'],
  ['false || echo or; true && echo and', 'or\nand\n'],
  ['echo out; echo err >&2', 'out\n'],
  ['(echo out; echo err >&2) 2>&1', 'out\nerr\n'],
  ['echo no >/dev/null 2>&1; echo yes', 'yes\n'],
  ['{ echo err >&2; } 2>&1 >/dev/null', 'err\n'],
  ['echo 2>&1', '\n'],
  ['echo 2 >&1', '2\n'],
  ['echo a | { read x; echo "got $x"; }', 'got a\n'],
  ['printf "a b c\\nd e\\n" | while read x y; do echo "$y/$x"; done', 'b c/a\ne/d\n'],
  ['echo one two | (read a; echo $a)', 'one two\n'],
  ['true & wait; echo $?', '0\n'],
  ['sh -c "exit 7" & wait $!; echo $?', '7\n'],
  ['(sleep 0.05; echo late) & echo early; wait', 'early\nlate\n'],
  ['set -e; false; echo never', '', 1],
  ['set -e; if false; then :; fi; false || true; ! true; echo on', 'on\n'],
  ['set -- a "b c"; echo $#; for x; do echo $x; done; shift; echo $1', '2\na\nb c\nb c\n'],
  ['set -- ; for x in "$@"; do echo no; done; echo "[$*]"', '[]\n'],
  ['eval "echo a; echo b"', 'a\nb\n'],
  ['sh -c \'echo $0 $1 "$@"\' name one "two three"', 'name one one two three\n'],
  ['X=1 sh -c \'echo $X\'; echo "<$X>"', '1\n<>\n'],
  ['X=1; sh -c \'echo "<$X>"\'; export X; sh -c \'echo "<$X>"\'', '<>\n<1>\n'],
  ["trap 'echo bye' EXIT; echo hi", 'hi\nbye\n'],
  ["trap 'echo bye; exit 4' EXIT; exit 3", 'bye\n', 4],
  ["trap 'echo got' TERM; kill -TERM $$; echo on", 'got\non\n'],
  ["trap '' TERM; kill -TERM $$; echo on", 'on\n'],
  ['echo $((', '', 2],
  ['exit 300', '', 44],
  ['exit -1', '', 255],
  ['yes | head -n 2', 'y\ny\n'],
  ['echo "a\\$b" \'$c\' "\\\\"', 'a$b $c \\\n'],
  ['echo a"b"\'c\'d', 'abcd\n'],
  ['echo "" | wc -c', '1\n'],
  ['X=$(exit 5); echo $?', '5\n'],
  ['echo ~; HOME=/h; echo ~/x "~"', '/root\n/h/x ~\n'],
  ['cd /tmp && pwd && cd - && pwd', '/tmp\n/\n/\n'],
  ['[ a = b ] || [ 3 -ge 2 ] && echo both', 'both\n'],
  ['nosuch 2>/dev/null; echo $?', '127\n'],
  ['echo {a,b} a=b', '{a,b} a=b\n'],
  ['grep b <<x', '', 2],
]

/** What this shell refuses as a whole, with what its one line says. */
const REFUSED: readonly (readonly [script: string, line: RegExp])[] = [
  ['echo a; f() { echo b; }; f', /unsupported: functions/],
  ['echo a; case x in x) echo b;; esac', /unsupported: case/],
  ['echo a $((1 + 1))', /unsupported: arithmetic/],
  ['echo a; cat <<END\nx\nEND', /unsupported: here-documents/],
  ['echo a 3>x', /unsupported: file descriptor 3/],
  ['echo a ${X%b}', /unsupported: this kind of/],
  ['echo a ~daemon', /unsupported: ~user/],
  ["echo a 'b", /syntax error: unterminated quoted string/],
  ['echo a; if true; then echo b', /syntax error: unexpected end of the script \(expected fi\)/],
  ['echo a; )', /syntax error: unexpected "\)"/],
  ['echo a; done', /syntax error: unexpected "done"/],
  ['echo a &&', /syntax error: unexpected end/],
  ['echo a; | cat', /syntax error: unexpected "\|"/],
  ['echo a >', /syntax error: unexpected end of the script \(expected where to\)/],
  ['('.repeat(200), /nested deeper/],
  [`echo a ${'$('.repeat(200)}`, /nested deeper/],
]

describe('the shell of a built-in Linux guest', () => {
  let lone: LoneGuest
  let bridge: RawBridge
  before(async () => {
    lone = await LoneGuest.start()
    bridge = await lone.connected()
  })
  after(() => lone.close())

  async function sh(script: string): Promise<Outcome> {
    const parameters = { CommandArgs: ['sh', '-c', script], Environment: { HOME: '/root', PATH: '/bin' } }
    const { pid, stdout, stderr } = await lone.execute(bridge, NULL_ID, parameters, ['stdout', 'stderr'])
    const [out, err] = await Promise.all([textOf(stdout!), textOf(stderr!)])
    const waited = await lone.wait(bridge, NULL_ID, pid)
    return { out, err, code: waited.body['ExitCode'] as number }
  }

  for (const [script, out, code = 0] of SCRIPTS) {
    it(`runs ${JSON.stringify(script)}`, async () => {
      const outcome = await sh(script)
      assert.deepEqual({ out: outcome.out, code: outcome.code }, { out, code }, outcome.err)
    })
  }

  it('what is expected above is what a real shell does', function () {
    if (!existsSync('/bin/sh')) this.skip()
    // What is refused here, and what only busybox takes, is left out.
    const scripts = SCRIPTS.filter(([script, , code]) => code !== 2 && script !== 'exit -1')
    // One process of ours for all of them: to fork this one takes longer than what they do.
    const all = 'for script; do /bin/sh -c "$script"; printf "\\0%d\\0" $?; done'
    const options = { cwd: '/', env: { HOME: '/root', PATH: process.env['PATH'] ?? '' }, encoding: 'utf8' as const }
    const { stdout } = spawnSync('/bin/sh', ['-c', all, 'sh', ...scripts.map(([script]) => script)], options)
    const said = stdout.split('\0')
    assert.equal(said.length, 2 * scripts.length + 1)
    const differing: unknown[] = []
    for (const [at, [script, out, code = 0]] of scripts.entries()) {
      const real = { out: said[2 * at]!.replace(/^ +(?=\d+$)/gm, ''), code: Number(said[2 * at + 1]) }
      if (real.out !== out || real.code !== code) differing.push({ script, ...real })
    }
    assert.deepEqual(differing, [])
  })

  for (const [script, line] of REFUSED) {
    it(`refuses ${JSON.stringify(script.slice(0, 60))} as a whole`, async () => {
      const { out, err, code } = await sh(script)
      assert.deepEqual({ out, code }, { out: '', code: 2 })
      assert.match(err, line)
      assert.match(err, /^sh: [^\n]+\n$/)
    })
  }

  it('what a real shell knows and this one does not ends the script where it stands', async () => {
    const { out, err, code } = await sh('echo before; umask 022; echo after')
    assert.deepEqual({ out, err, code }, { out: 'before\n', err: 'sh: unsupported: umask\n', code: 2 })
  })

  it('patterns match path names, and stand for themselves when none matches', async () => {
    const { out } = await sh('cd /tmp; touch a1 a2 b1; echo a* ?1 [ab]2 "a*" \\a* z*; rm a1 a2 b1')
    assert.equal(out, 'a1 a2 a1 b1 a2 a* a1 a2 z*\n')
  })

  it('redirections to files, read back', async () => {
    const { out } = await sh(
      'cd /tmp; (echo a; echo b >&2) >f 2>&1; echo c >>f; cat <f; rm f; cat f 2>/dev/null || echo gone',
    )
    assert.equal(out, 'a\nb\nc\ngone\n')
  })

  it('a file that cannot be opened is told, and its command does not run', async () => {
    const { out, err, code } = await sh('echo a >/no/f; echo $?; cat </none')
    assert.deepEqual({ out, code }, { out: '1\n', code: 1 })
    assert.equal(err, 'sh: /no/f: No such file or directory\nsh: /none: No such file or directory\n')
  })

  it('a process that kills itself ends like one that was killed', async () => {
    assert.deepEqual(await sh('echo a; kill -9 $$; echo b'), { out: 'a\n', err: '', code: 4294967295 })
  })

  it('jobs end with their shell', async () => {
    const { out, code } = await sh('sleep 1000 & yes >/dev/null & echo up')
    assert.deepEqual({ out, code }, { out: 'up\n', code: 0 })
  })

  it('an endless loop leaves the others their time, and ends with its process', async () => {
    const { pid, stdout } = await lone.execute(
      bridge,
      NULL_ID,
      { CommandArgs: ['sh', '-c', 'while :; do :; done | cat; while :; do echo x; done'] },
      ['stdout'],
    )
    assert.equal((await sh('echo still')).out, 'still\n')
    stdout!.destroy()
    assert.equal(typeof pid, 'number')
  })

  it('a substitution of more than a megabyte is refused', async () => {
    const { err, code } = await sh('X=$(yes); echo never')
    assert.equal(code, 2)
    assert.equal(err, 'sh: $( ) brings too much\n')
  })

  it('on a terminal a line that is not whole asks for the next, and a mistake does not end the session', async () => {
    const { pid, stdin, stdout } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['sh'], EmulateConsole: true }, [
      'stdin',
      'stdout',
    ])
    stdin!.write("if true\nthen echo y'e's\nfi\necho )\necho still\nexit 3\n")
    const text = await textOf(stdout!)
    assert.match(text, /> [\s\S]*yes\r\n/)
    assert.match(text, /syntax error: unexpected "\)"[\s\S]*still\r\n/)
    assert.equal((await lone.wait(bridge, NULL_ID, pid)).body['ExitCode'], 3)
  })

  it('a script from stdin and one from a file', async () => {
    const { out } = await sh("echo 'echo in $0 $1' >/tmp/s; sh /tmp/s arg; echo 'echo piped' | sh; sh /none; echo $?")
    assert.equal(out, 'in /tmp/s arg\npiped\n127\n')
  })
})
