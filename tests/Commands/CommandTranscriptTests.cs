namespace Registry.Tests.Commands;

/// <summary>Each command, on each place: what it says and what it ends with are the same.</summary>
public sealed class CommandTranscriptTests
{
    public static TheoryData<string> Places => CommandPlace.Names;

    [Theory, MemberData(nameof(Places))]
    public Task Accounts(string place) => Replay(
        place,
        """
        $ account list
        NAME  KIND  STATE  CREATED  EXPIRES
        $ account list --json
        {"accounts":[]}
        $ account add alice --password-stdin < correct horse battery
        added person alice
        ! it may do nothing yet: registry rule add alice 'team/*' pull,push
        $ account add alice --robot
        ! the name 'alice' is taken: 'registry account list' and 'registry federation list' show by whom
        = 1
        $ account add bob --password-stdin --json < correct horse battery
        {"name":"bob","kind":"person","expires":null,"secret":null}
        $ account add ci --robot --expires 90d
        rgs_…
        ! the secret of ci, which is shown this once and stored nowhere:
        ! it may do nothing yet: registry rule add ci 'team/*' pull,push
        $ account add cd --robot --json
        {"name":"cd","kind":"robot","expires":null,"secret":"rgs_…"}
        $ account add nightly --robot --expires 2099-01-31 --json
        {"name":"nightly","kind":"robot","expires":"TIME","secret":"rgs_…"}
        $ account disable bob
        disabled bob
        $ account list
        NAME     KIND    STATE     CREATED            EXPIRES
        alice    person  open      TIME  never
        bob      person  disabled  TIME  never
        cd       robot   open      TIME  never
        ci       robot   open      TIME  TIME
        nightly  robot   open      TIME  TIME
        $ account enable bob
        enabled bob
        $ account disable nobody
        ! there is no account 'nobody': 'registry account list' shows them
        = 1
        $ account enable nobody --json
        ! there is no account 'nobody': 'registry account list' shows them
        = 1
        $ account rotate ci
        rgs_…
        ! the secret of ci, which is shown this once and stored nowhere:
        $ account rotate alice --json
        {"name":"alice","secret":"rgs_…"}
        $ account rotate alice --password-stdin < a battery of staples
        changed the password of alice
        $ account rotate nobody
        ! there is no account 'nobody': 'registry account list' shows them
        = 1
        $ account remove alice
        removed alice
        $ account remove alice
        ! there is no account 'alice': 'registry account list' shows them
        = 1
        $ account remove cd --json
        {"name":"cd","change":"removed"}
        $ account list --json
        {"accounts":[{"name":"bob","kind":"person","state":"open","created":"TIME","expires":null},{"name":"ci","kind":"robot","state":"open","created":"TIME","expires":"TIME"},{"name":"nightly","kind":"robot","state":"open","created":"TIME","expires":"TIME"}]}
        """);

    [Theory, MemberData(nameof(Places))]
    public Task Rules(string place) => Replay(
        place,
        """
        $ rule list
        NAME  REPOSITORIES  ACTIONS
        $ rule add ci 'team/*' pull
        ! there is neither an account nor a federation 'ci': add it first, or say anonymous for everybody
        = 1
        $ account add ci --robot --json
        {"name":"ci","kind":"robot","expires":null,"secret":"rgs_…"}
        $ rule add ci 'team/*' pull
        ci may pull in team/*
        $ rule add ci 'team/*' push,pull
        ci may pull, push in team/*
        $ rule add anonymous 'public/*' pull --json
        {"name":"anonymous","repositories":"public/*","actions":["pull"]}
        $ rule add ci '*' pull,push,delete,catalog
        ci may pull, push, delete, catalog in *
        $ rule list
        NAME       REPOSITORIES  ACTIONS
        anonymous  public/*      pull
        ci         *             pull,push,delete,catalog
        ci         team/*        pull,push
        $ rule remove ci '*'
        removed the rule of ci for *
        $ rule remove ci '*'
        ! there is no rule of 'ci' for '*': 'registry rule list' shows them
        = 1
        $ rule list --json
        {"rules":[{"name":"anonymous","repositories":"public/*","actions":["pull"]},{"name":"ci","repositories":"team/*","actions":["pull","push"]}]}
        $ rule remove anonymous 'public/*' --json
        {"name":"anonymous","repositories":"public/*","change":"removed"}
        $ account remove ci
        removed ci
        $ rule list --json
        {"rules":[]}
        """);

    [Theory, MemberData(nameof(Places))]
    public Task Restoring(string place) => Replay(
        place,
        """
        $ deleted list
        NAME  DIGEST  DELETED  RESTORABLE UNTIL  WHY
        $ deleted list team/app --json
        {"deleted":[],"leftOut":0,"restorable":null}
        $ restore team/app
        nothing was deleted there lately
        $ restore team/app:v1
        ! nothing that was deleted lately in team/app is called v1
        = 1
        $ restore team/app@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865 --json
        ! nothing that was deleted lately in team/app is called sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865
        = 1
        $ restore team/app@sha256:4355
        ! 'team/app@sha256:4355' is not what a manifest is called, such as team/app:v1 or team/app@sha256:…: invalid digest format: sha256 is followed by 64 lower-case hexadecimal characters: see registry restore --help
        = 2
        $ explain team/app:v1
        ! team/app has neither a manifest nor a layer, nor anything deleted that can be restored, called v1
        = 1
        $ explain team/app
        ! 'team/app' is a whole repository: name a tag or a digest in it: see registry explain --help
        = 2
        $ restore Team/App
        ! 'Team/App' is not what a manifest is called, such as team/app:v1 or team/app@sha256:…: invalid repository name: see registry restore --help
        = 2
        """);

    [Theory, MemberData(nameof(Places))]
    public Task Immutable(string place) => Replay(
        place,
        """
        $ immutable list
        REPOSITORIES  TAGS
        $ immutable add 'team/*' 'v*'
        no push moves v* in team/*; every instance goes by it within a minute
        $ immutable add 'team/*' 'v*'
        no push moves v* in team/*; every instance goes by it within a minute
        $ immutable add '*' '*-release' --json
        {"repositories":"*","tags":"*-release"}
        $ immutable list
        REPOSITORIES  TAGS
        *             *-release
        team/*        v*
        $ immutable add 'team/*' 'v/1'
        ! 'v/1' is no pattern of tags: a tag in which * stands for any characters, such as v*: see registry immutable add --help
        = 2
        $ immutable add 'Team/*' 'v1'
        ! 'Team/*' is no pattern of repositories: a repository's name in which * stands for any characters, such as team/*: see registry immutable add --help
        = 2
        $ immutable remove 'team/*' 'v1'
        ! there is no rule of 'v1' in 'team/*': 'registry immutable list' shows them
        = 1
        $ immutable remove 'team/*' 'v*'
        removed the rule of v* in team/*
        $ immutable list --json
        {"rules":[{"repositories":"*","tags":"*-release"}]}
        $ immutable remove '*' '*-release' --json
        {"repositories":"*","tags":"*-release","change":"removed"}
        """);

    [Theory, MemberData(nameof(Places))]
    public Task Retention(string place) => Replay(
        place,
        """
        $ retention show
        REPOSITORIES  POLICY
        $ retention set 'team/*' --keep-newest 10 --keep 'v*' --keep stable
        retention of team/*: keeps the 10 newest tags, tags that match v* or stable
        $ retention set 'ci/*' --keep-within 14d --untagged 12h
        retention of ci/*: keeps tags pushed within 14 days; untagged manifests go after 12 hours
        $ retention set ci/scratch --keep-newest 1 --json
        {"repositories":"ci/scratch","keepNewest":1,"keepWithin":null,"keep":[],"untagged":null}
        $ retention set '*' --untagged 30d
        retention of *: keeps all tags; untagged manifests go after 30 days
        $ retention show
        REPOSITORIES  POLICY
        *             keeps all tags; untagged manifests go after 30 days
        ci/*          keeps tags pushed within 14 days; untagged manifests go after 12 hours
        ci/scratch    keeps the newest tag
        team/*        keeps the 10 newest tags, tags that match v* or stable
        $ retention show ci/scratch
        REPOSITORIES  POLICY
        ci/scratch    keeps the newest tag
        $ retention show team/app --json
        {"policies":[{"repositories":"team/*","keepNewest":10,"keepWithin":null,"keep":["v*","stable"],"untagged":null}]}
        $ retention set 'team/*'
        ! a policy has at least one of --keep-newest, --keep-within, --keep and --untagged
        = 2
        $ retention set 'team/*' --keep-newest 0
        ! '0' newest tags cannot be kept: 1 to 1000000 can
        = 2
        $ retention set 'team/*' --keep-within month
        ! 'month' is no length of time: 30d and 12h are: see registry retention set --help
        = 2
        $ retention set 'team/*' --keep 'v/1'
        ! 'v/1' is no pattern of tags: a tag in which * stands for any characters, such as v*: see registry retention set --help
        = 2
        $ retention preview --keep-newest 3
        ! say which repositories the policy is for: registry retention preview 'team/*' --keep-newest 10
        = 2
        $ retention preview
        no policy applies
        $ retention preview 'team/*' --keep-newest 3 --json
        {"repositories":[],"leftOut":0}
        $ retention remove ci/scratch
        removed the retention policy of ci/scratch
        $ retention remove ci/scratch
        ! there is no retention policy for 'ci/scratch': 'registry retention show' shows them
        = 1
        $ retention remove '*' --json
        {"repositories":"*","change":"removed"}
        $ gc
        looked at 0 manifests, 0 links to 0 layers, 0 uploads and 0 blobs
        nothing went
        """);

    [Theory, MemberData(nameof(Places))]
    public Task Federations(string place) => Replay(
        place,
        """
        $ federation list
        NAME  ISSUER  AUDIENCE  SUBJECT
        $ federation add github --issuer https://token.actions.githubusercontent.com --audience registry.example.org --subject 'repo:example/app:*'
        added federation github
        ! it may do nothing yet: registry rule add github 'team/*' pull,push
        $ federation add github --issuer https://issuer.example.org/a --audience a --subject b
        ! the name 'github' is taken: 'registry account list' and 'registry federation list' show by whom
        = 1
        $ federation add entra --issuer https://issuer.example.org/tenant --audience api://registry --subject 'x*' --json
        {"name":"entra","issuer":"https://issuer.example.org/tenant","audience":"api://registry","subject":"x*"}
        $ account add github --robot
        ! the name 'github' is taken: 'registry account list' and 'registry federation list' show by whom
        = 1
        $ rule add github 'team/*' pull,push
        github may pull, push in team/*
        $ federation list
        NAME    ISSUER                                       AUDIENCE              SUBJECT
        entra   https://issuer.example.org/tenant            api://registry        x*
        github  https://token.actions.githubusercontent.com  registry.example.org  repo:example/app:*
        $ federation remove github
        removed github
        $ federation remove github
        ! there is no federation 'github': 'registry federation list' shows them
        = 1
        $ federation list --json
        {"federations":[{"name":"entra","issuer":"https://issuer.example.org/tenant","audience":"api://registry","subject":"x*","created":"TIME"}]}
        $ federation remove entra --json
        {"name":"entra","change":"removed"}
        $ rule list --json
        {"rules":[]}
        """);

    [Fact]
    public Task What_a_table_holds_does_not_steer_the_terminal() => Replay(
        "folder",
        """
        $ federation add ci --issuer https://issuer.example.org --audience 'a\e[2J\tb' --subject b
        added federation ci
        ! it may do nothing yet: registry rule add ci 'team/*' pull,push
        $ federation list
        NAME  ISSUER                      AUDIENCE  SUBJECT
        ci    https://issuer.example.org  a?[2J?b   b
        """.Replace("\\e", "\e", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal));

    /// <summary>What the operation refuses, wherever it is done.</summary>
    [Theory, MemberData(nameof(Places))]
    public Task Refused_by_the_operation(string place) => Replay(
        place,
        """
        $ account add anonymous --robot
        ! 'anonymous' is everybody, and no account
        = 2
        $ account add alice --password-stdin < short
        ! a password has 12 to 256 characters
        = 2
        $ account add ci --robot --expires 2020-01-31
        ! TIME is over: a robot ends in the future, as in --expires 90d
        = 2
        $ federation add ci --issuer http://issuer.example.org --audience a --subject b
        ! an issuer is an https URL without a query
        = 2
        $ federation add ci --issuer somewhere --audience a --subject b
        ! 'somewhere' is no issuer: an https URL, exactly as its tokens have it
        = 2
        $ federation add ci --issuer https://issuer.example.org --audience a --subject '**'
        ! '*' would let in whoever has a token of that issuer
        = 2
        $ federation add anonymous --issuer https://issuer.example.org --audience a --subject b
        ! 'anonymous' is everybody, and no federation
        = 2
        $ account list --json
        {"accounts":[]}
        """);

    /// <summary>What is refused before anything is done.</summary>
    [Fact]
    public Task Refused_as_it_is_typed() => Replay(
        "folder",
        """
        $ nonsense
        ! 'nonsense' is not understood here: see registry --help
        = 2
        $ account
        ! Required command was not provided: see registry account --help
        = 2
        $ account nonsense
        ! 'nonsense' is not understood here: see registry account --help
        = 2
        $ account add
        ! Required argument missing for command: 'add': see registry account add --help
        = 2
        $ account add Alice --robot
        ! 'Alice' is no name of an account: 1 to 64 lower-case letters, digits and . _ @ -, a letter or digit first: see registry account add --help
        = 2
        $ account add alice bob --robot
        ! 'bob' is not understood here: see registry account add --help
        = 2
        $ account add alice --nonsense
        ! '--nonsense' is not understood here: see registry account add --help
        = 2
        $ account add alice
        ! there is no terminal to ask for the password on: send it with --password-stdin
        = 2
        $ account add alice --password-stdin
        ! --password-stdin: the first line of standard input is the password, and it is empty
        = 2
        $ account add alice --expires 90d --password-stdin < correct horse battery
        ! only robots end by themselves: add --robot, or leave --expires out
        = 2
        $ account add ci --robot --password-stdin < correct horse battery
        ! a robot's secret is made for it: leave --password-stdin out, or --robot
        = 2
        $ account add ci --robot --expires soon
        ! 'soon' is no time that something can end: 90d, 12h, 2027-01-31 and 2027-01-31T18:00:00Z are: see registry account add --help
        = 2
        $ account add ci --robot --expires 0d
        ! '0d' is no time that something can end: 90d, 12h, 2027-01-31 and 2027-01-31T18:00:00Z are: see registry account add --help
        = 2
        $ account add ci --robot --expires 99999999d
        ! '99999999d' is no time that something can end: 90d, 12h, 2027-01-31 and 2027-01-31T18:00:00Z are: see registry account add --help
        = 2
        $ account rotate alice --password
        ! there is no terminal to ask for the password on: send it with --password-stdin
        = 2
        $ account rotate alice --password --password-stdin
        ! --password asks, and --password-stdin reads: one of the two
        = 2
        $ rule add ci 'team/*'
        ! Required argument missing for command: 'add': see registry rule add --help
        = 2
        $ rule add ci 'team/**' pull
        ! 'team/**' is no pattern of repositories: a repository's name in which * stands for any characters, such as team/*: see registry rule add --help
        = 2
        $ rule add ci 'team/*' push
        ! push needs pull, because a push asks what is there already: say pull,push: see registry rule add --help
        = 2
        $ rule add ci 'team/*' everything
        ! 'everything' is no action; pull, push, delete and catalog are, with commas between them: see registry rule add --help
        = 2
        $ federation add github --issuer https://issuer.example.org --audience a
        ! Option '--subject' is required: see registry federation add --help
        = 2
        $ account list --json
        {"accounts":[]}
        """);

    [Fact]
    public Task A_setting_that_is_wrong_is_told_before_anything_is_asked() => Replay(
        "folder",
        """
        $ account add alice --password-stdin --Registry:Storage:Container=X < correct horse battery
        ! Registry:Storage:Container is 'X'; it must be 3 to 63 lower-case letters, digits and single dashes
        = 1
        $ account add alice --Registry:Storage:Container=X
        ! Registry:Storage:Container is 'X'; it must be 3 to 63 lower-case letters, digits and single dashes
        = 1
        """);

    [Fact]
    public Task In_memory_there_is_nothing_to_manage() => Transcript.Replay(
        """
        $ account list
        ! with Registry:Storage:Driver memory there is nothing to manage: what a server has in memory is its own, and ends with it
        = 1
        """,
        ["--Registry:Storage:Driver=memory"]);

    [Fact]
    public Task A_folder_that_is_not_there_is_not_made() => Transcript.Replay(
        """
        $ account add ci --robot
        ! there is no registry in '/nowhere/data': name its folder with --Registry:Storage:RootDirectory, or start one there first
        = 1
        """,
        ["--Registry:Storage:RootDirectory=/nowhere/data"]);

    private static async Task Replay(string kind, string transcript)
    {
        await using var place = await CommandPlace.Open(kind);
        await Transcript.Replay(transcript, place.Arguments);
    }
}
