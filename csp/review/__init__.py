"""A plan where it is reviewed: one comment on a pull request of GitHub, GitLab or Azure DevOps, kept up to date."""
