/**
 * The migrations of the releases that compared the whole text of a file, including its comments. `text` is the checksum
 * that such a release wrote into the database: the SHA-256 of the whole text. `statements` is today's checksum of the
 * same text. The list is complete: later releases write today's checksum.
 */
export const earlierChecksums: Readonly<Record<string, { text: string; statements: string }>> = {
  '0001_chats.sql': {
    text: 'e7ab4fd576beaf9764c9973c906a039aae75ca04e35f70a4039f15c37ca95d66',
    statements: '84363d6e0ec726e13ef54356bc15ac13b5c849912585357e245085595cb0a554',
  },
  '0002_monitors.sql': {
    text: 'c45e34a1c486f360efaad20481022c1a0d1f45c7c97994448f2e3869b37883a7',
    statements: '212783ac35af0d821c55b91f9e78e4417be05cbd61bb304ceaced72c28e2bedb',
  },
  '0003_messages.sql': {
    text: '880923097bcc49c2e0a51149c35a3b781eff008f50ad29d5c3b59d4a870c35ba',
    statements: '723fefd1a9e6e243ebdf7ed8682e264c48836be2c27ee4f4fa4704641c89402a',
  },
  '0004_jobs.sql': {
    text: '51c85c2c5bed6c17dafa3539768d115372474347329bbd4145705cb3b3186dff',
    statements: 'd015f8097d707a5594e55f02743c0ac9a2591a71ab1755a035564e928fee5a6b',
  },
  '0005_dead_letters.sql': {
    text: 'a74b4d3b83dec6fe4f042ada7256bfec4cbd06c49684e70b1abe15c72f86c8f7',
    statements: 'daf1a6be0e9594b96e638824295bfd308d15e84231d5eb264ac2113033cdf1bf',
  },
  '0006_telegram.sql': {
    text: 'c68153d4fe12346a8b7ebe2bbcc6b0fa6175c4d746442af77553f1552e005fcf',
    statements: 'b59312d4e7aa45bbc2e2cc62609182dd5b073cc35427740988b61aff9a157914',
  },
  '0007_valid_values.sql': {
    text: '06a48cc901cc59d07e525b99ca8abf4e6cbe82e708ad925f7dd56e1f0b633bfc',
    statements: '7fdb18bdc9462a7f2394d61d179f5143cb87b0ab7230b062ecccb0d61f5ca4e7',
  },
  '0008_time_limits.sql': {
    text: '72d434082eba5728fc78b3f5a23bae846c8044803ff12d6f137fc88f5e3adbc7',
    statements: '9be1406b579af956e5cb5de4f46e79fa8bea5b66c36019ca0ecf2e4ecf0d0418',
  },
  '0009_retention.sql': {
    text: '250135a44357b1a3e8dc02a70270cc0ed986381896dfc29b96ea52734fab8ad5',
    statements: '48e6c7d96feccea40bfe2cc79a7c550ed445e8ffc7ade6e39b276afceb00b762',
  },
  '0010_outages.sql': {
    text: '28acaa3f4654eee548c81578baf15c07a3235cbdb06c2f9ee72c1f59412c3762',
    statements: 'dad2ac9e74d3b6231c3a01ada19737616b8f0b1c6dbac3665a2b326ef9e830ab',
  },
  '0011_series_changes.sql': {
    text: '39e1f077c0f01225d251c3aee82b5a251fa3bbcf277c6cb4278f43cb94a22be7',
    statements: '27b6572050a0e5724f3f0995b2597f00b96e04aecbce19c10bc88175ec2afc3d',
  },
  '0012_tvmaze_budget.sql': {
    text: '3352f8c3c8a436e4ab21670ddb138490e5392b2e8c76dbdc9891557c90eb3f73',
    statements: 'df206b1b91b89e06b882b3d03b9581faae57dc65ca8541f6a2e101eab6ccc78f',
  },
  '0001_broker.sql': {
    text: 'dd81418add991fde6999637977dbac2cb6284de1a4b93ebf4924a201ef7ccb8b',
    statements: '9e835131192dab9fa2ec94a7ecfbccf612ea0c02c82f7faee33636f80ffdff69',
  },
  '0002_newest_events.sql': {
    text: '1b04f69a015aaae397bbd442982413a75ca93f3179320b14016b6b7681cf9e47',
    statements: '260d75b9e5ce17f21d8339495ab4769eb2a75a1de28efd5dddb411177d331d30',
  },
  '0003_readiness_and_retention.sql': {
    text: 'a55fabb4d7f910ce8e776f9b536168c888154b2e296ba96dfb7239b3c27e5744',
    statements: '1fb499c2a958e40cae6ea7febe08a917b1cc5cccc837ad3cb9d848227f9ee728',
  },
}
