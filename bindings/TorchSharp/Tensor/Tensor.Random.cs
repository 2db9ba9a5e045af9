namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor bernoulli(Generator? generator = null) => Aten.bernoulli.Call(this, generator);
        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => Aten.bernoulli__float.Mutate(this, p, generator);
        public Tensor bernoulli_(Tensor p, Generator? generator = null) => Aten.bernoulli__Tensor.Mutate(this, p, generator);

        public Tensor cauchy_(double median = 0, double sigma = 1, Generator? generator = null) =>
            Aten.cauchy_.Mutate(this, median, sigma, generator);

        public Tensor exponential_(double lambda = 1, Generator? generator = null) => Aten.exponential_.Mutate(this, lambda, generator);
        public Tensor geometric_(double p, Generator? generator = null) => Aten.geometric_.Mutate(this, p, generator);

        public Tensor log_normal_(double mean = 0, double std = 1, Generator? generator = null) =>
            Aten.log_normal_.Mutate(this, mean, std, generator);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            Aten.multinomial.Call(this, num_samples, replacement, generator);

        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) =>
            Aten.normal_.Mutate(this, mean, std, generator);

        public Tensor poisson(Generator? generator = null) => Aten.poisson.Call(this, generator);
        public Tensor uniform_(double from, double to, Generator? generator = null) => Aten.uniform_.Mutate(this, from, to, generator);

        /// <summary>Fills with integers from <paramref name="from"/> (inclusive) to <paramref name="to"/> (exclusive).</summary>
        public Tensor random_(double from, double to, Generator? generator = null) =>
            Aten.random__from.Mutate(this, (long)from, (long)to, generator);
    }

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);

    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator? generator = null) =>
        input.multinomial(num_samples, replacement, generator);

    public static Tensor poisson(Tensor input, Generator? generator = null) => input.poisson(generator);
}
