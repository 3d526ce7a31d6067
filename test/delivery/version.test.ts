import { describe, expect, test } from 'vitest'
import { changelog } from '#infra/delivery/changelog.ts'
import { withRevision } from '#infra/delivery/environments.ts'
import { nextVersion, versionIn, worthRelease } from '#infra/delivery/version.ts'

describe('the next version', () => {
  test.each([
    ['the first release is what package.json declares', undefined, '0.1.0', ['all: anything'], '0.1.0'],
    ['other commits are a patch', '1.4.1', '1.4.1', ['broker: keeps replies'], '1.4.2'],
    ['a feature is a minor', '1.4.1', '1.4.1', ['broker: keeps replies', 'feat(bot): a new word'], '1.5.0'],
    ['a breaking change is a major', '1.4.1', '1.4.1', ['feat!: other words'], '2.0.0'],
    [
      'a breaking change in a footer is a major',
      '1.4.1',
      '1.4.1',
      ['bot: words\n\nBREAKING CHANGE: no old ones'],
      '2.0.0',
    ],
    [
      'the words BREAKING CHANGE inside a sentence do not count',
      '1.4.1',
      '1.4.1',
      ['docs: what a BREAKING CHANGE: is'],
      '1.4.2',
    ],
    ['before 1.0.0 a breaking change is a minor', '0.4.1', '0.4.1', ['feat!: other words'], '0.5.0'],
    ['1.0.0 comes from package.json', '0.4.1', '1.0.0', ['all: we promise'], '1.0.0'],
    ['the minor version after 9 is 10', '1.9.9', '1.9.9', ['feat: more'], '1.10.0'],
  ])('%s', (_, last, declared, messages, next) => {
    expect(
      nextVersion(last === undefined ? undefined : versionIn(last), versionIn(declared)!, messages).join('.'),
    ).toBe(next)
  })

  test('only x.y.z is a version, and commits of the pipeline are left out', () => {
    expect(['1.4', 'v1.4.2-rc.1', '01.4.2', 'latest', '1.4.2.1'].map(versionIn)).toEqual(Array(5).fill(undefined))
    expect(worthRelease(['chore: release 1.4.2', 'chore: promote 1.4.2 to gke', 'chore: tidy'])).toEqual([
      'chore: tidy',
    ])
  })

  test('a changelog has each commit once, breaking changes first', () => {
    const text = changelog('1.5.0', ['feat!: b', 'feat: a', 'broker: c\n\nwhy', 'chore: release 1.4.9'])
    expect(text).toBe(
      '# 1.5.0\n\n## Breaking\n\n- feat!: b\n\n## New\n\n- feat: a\n\n## Other changes\n\n- broker: c\n',
    )
  })

  test('a new revision of an environment changes nothing else in the file', () => {
    const text = '# kept\nelements: [{env: a, revision: v1.0.0}, {env: b, revision: "v1.0.0"}] # too\n'
    expect(withRevision(text, 'b', 'v1.0.1')).toBe(text.replace('"v1.0.0"', 'v1.0.1'))
  })
})
