using Azure.Core;
using Azure.Identity;

namespace Registry.Functions.Hosting;

/// <summary>Tokens of the identity that the process has (DefaultAzureCredential), for one scope. The credential keeps a token until it is nearly over.</summary>
/// <remarks>Both methods throw <see cref="HttpRequestException"/> when there is none to be had.</remarks>
internal sealed class IdentityTokens(string scope)
{
    private readonly DefaultAzureCredential identity = new();
    private readonly TokenRequestContext wanted = new([scope]);

    /// <summary>Blocks: exporters send from threads of their own, which have no other way.</summary>
    public string Get(CancellationToken cancellation)
    {
        try
        {
            return identity.GetToken(wanted, cancellation).Token;
        }
        catch (AuthenticationFailedException e)
        {
            throw Unavailable(e);
        }
    }

    public async Task<string> GetAsync(CancellationToken cancellation)
    {
        try
        {
            return (await identity.GetTokenAsync(wanted, cancellation)).Token;
        }
        catch (AuthenticationFailedException e)
        {
            throw Unavailable(e);
        }
    }

    private HttpRequestException Unavailable(AuthenticationFailedException e) => new($"there is no token for {scope}: {e.Message.Split('\n')[0].TrimEnd()}", e);
}
